#include "infer/continuation.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "sequence/patch_order.h"
#include "sequence/patches.h"

namespace tessera {

Continuation::Continuation(Document prompt, const ContinuationRules& rules, at::Generator rng)
    : rules_(rules), document_(std::move(prompt)), rng_(std::move(rng)) {
  presentation_.given = !document_.segments.empty();
  if (arrangement().order == PatchOrder::kRandom) {
    const auto options = torch::TensorOptions(torch::kLong).device(rng_.device());
    const int64_t most = std::numeric_limits<int64_t>::max();
    presentation_.order_key = at::randint(most, {}, rng_, options).item<int64_t>();
  }
}

ReadBlock Continuation::NextUnread() {
  ReadBlock block = std::move(unread_.front());
  unread_.pop_front();
  return block;
}

// A prompt that ends in a text has said all that it wants to say if it asks for a picture, or is
// read as a prefix, which the model knows as a whole text.
bool Continuation::MayWrite() const {
  const bool told =
      text_.empty() && !document_.segments.empty() && AsText(document_.segments.back()) != nullptr;
  const bool whole = rules_.until == Until::kImage || arrangement().mask == AttentionMask::kPrefix;
  return std::ssize(text_) < rules_.config.max_text && !(whole && told);
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
  const auto grid = vocabulary().GridOf(id);
  Unread(ReadBlock(grid ? arrangement().patches_at_once() : 1, ReadSlot{.id = id}));
  if (id < vocabulary().text_size()) {
    text_.push_back(id);
    return;
  }
  FinishText();
  done_ = !grid || rules_.until == Until::kText;
  grid_ = grid.value_or(-1);
  if (drawing()) {
    const int64_t before = std::ranges::count_if(
        document_.segments, [](const Segment& segment) { return AsImage(segment) != nullptr; });
    cells_ = CellsInOrder(arrangement().order, this->grid(),
                          PictureKey(presentation_.order_key, before));
  }
}

std::vector<int64_t> Continuation::NextCells() const {
  const int64_t all = std::ssize(cells_);
  const int64_t end = arrangement().whole_pictures()
                          ? all
                          : std::min(turn() + arrangement().patches_at_once(), all);
  return {cells_.begin() + turn(), cells_.begin() + end};
}

Document Continuation::Interrupted() {
  FinishText();
  return document_;
}

void Continuation::AppendPatches(const Tensor& patch_ND) {
  ReadBlock block;
  for (const Tensor& patch_D : patch_ND.unbind()) {
    block.push_back({.id = vocabulary().patch(),
                     .patch_D = Noisy(patch_D),
                     .grid = grid(),
                     .turn = turn(),
                     .cell = cells_[turn()],
                     .noise = rules_.config.input_noise});
    patches_.push_back(patch_D);
  }
  Unread(std::move(block));
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
  std::vector<Tensor> by_cell(patches_.size());
  for (size_t turn = 0; turn < patches_.size(); ++turn) {
    by_cell[cells_[turn]] = patches_[turn];
  }
  document_.segments.push_back(Unpatchify(at::stack(by_cell), grid(), rules_.layout.patch));
  patches_.clear();
  grid_ = -1;
  ++pictures_;
  Unread({{.id = vocabulary().end_image()}});
  done_ = rules_.until == Until::kImage;
}

}  // namespace tessera
