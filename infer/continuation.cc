#include "infer/continuation.h"

#include <ATen/Functions.h>

#include <limits>
#include <utility>

#include "data/patches.h"

namespace tessera {

Continuation::Continuation(Document prompt, int64_t last_id, const ContinuationRules& rules,
                           at::Generator rng)
    : rules_(rules), document_(std::move(prompt)), unread_{{.id = last_id}}, rng_(std::move(rng)) {}

ReadSlot Continuation::NextUnread() {
  ReadSlot slot = std::move(unread_.front());
  unread_.pop_front();
  return slot;
}

// A prompt that ends in a text and asks for a picture has said all that it wants to say.
bool Continuation::MayWrite() const {
  const bool told =
      text_.empty() && !document_.segments.empty() && AsText(document_.segments.back()) != nullptr;
  return std::ssize(text_) < rules_.config.max_text && !(rules_.until == Until::kImage && told);
}

Tensor Continuation::AllowedLogits(const Tensor& logits_V) const {
  const Vocabulary& v = vocabulary();
  Tensor allowed_V = logits_V.clone();
  const auto forbid = [&](int64_t first, int64_t count) {
    allowed_V.narrow(0, first, count).fill_(-std::numeric_limits<double>::infinity());
  };
  if (!MayWrite()) {
    forbid(0, v.text_size());
  }
  for (const int64_t never : {v.document(), v.end_image(), v.null_text(), v.patch()}) {
    forbid(never, 1);
  }
  if (!MayEnd()) {
    forbid(v.end_document(), 1);
  }
  for (int64_t grid = 0; grid < v.num_grids(); ++grid) {
    if (pictures_ >= rules_.config.max_images || grid != rules_.grid.value_or(grid)) {
      forbid(v.opener(grid), 1);
    }
  }
  return allowed_V;
}

void Continuation::AppendId(int64_t id) {
  unread_.push_back({.id = id});
  if (id < vocabulary().text_size()) {
    text_.push_back(id);
    return;
  }
  FinishText();
  const auto grid = vocabulary().GridOf(id);
  done_ = !grid || rules_.until == Until::kText;
  grid_ = grid.value_or(-1);
}

void Continuation::AppendPatch(const Tensor& patch_D) {
  const int64_t cols = grid().cols;
  const Tensor code_D = NearestCodes(patch_D);
  unread_.push_back({.id = vocabulary().patch(),
                     .patch_D = Noisy(code_D),
                     .patch_row = turn() / cols,
                     .patch_col = turn() % cols,
                     .noise = rules_.config.input_noise});
  patches_.push_back(code_D);
  if (turn() == grid().size()) {
    FinishPicture();
  }
}

Tensor Continuation::Noisy(const Tensor& patch_D) {
  const double noise = rules_.config.input_noise;
  return noise > 0 ? at::add(patch_D, at::randn(patch_D.sizes(), rng_, patch_D.options()), noise)
                   : patch_D;
}

// Decoded with the text before it, if there is one: some tokenizers drop a text's first space.
void Continuation::FinishText() {
  if (text_.empty()) {
    return;
  }
  auto& segments = document_.segments;
  if (segments.empty() || AsText(segments.back()) == nullptr) {
    segments.emplace_back("");
  }
  std::string& text = std::get<std::string>(segments.back());
  std::vector<int64_t> ids = rules_.tokenizer.Encode(text);
  const size_t before = rules_.tokenizer.Decode(ids).size();
  ids.insert(ids.end(), text_.begin(), text_.end());
  text += rules_.tokenizer.Decode(ids).substr(before);
  text_.clear();
}

void Continuation::FinishPicture() {
  document_.segments.push_back(Unpatchify(at::stack(patches_), grid(), rules_.layout.patch));
  patches_.clear();
  grid_ = -1;
  ++pictures_;
  unread_.push_back({.id = vocabulary().end_image()});
  done_ = rules_.until == Until::kImage;
}

}  // namespace tessera
