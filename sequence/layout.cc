#include "sequence/layout.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "sequence/grids.h"
#include "sequence/patch_order.h"

namespace tessera {
namespace {

class SequenceBuilder {
 public:
  SequenceBuilder(const LayoutSpec& spec, const Tokenizer& tokenizer,
                  const Presentation& presentation)
      : spec_(spec), tokenizer_(tokenizer), presentation_(presentation) {
    sequence_.arrangement = spec.arrangement;
    Append(spec_.vocabulary.document(), 0);
  }

  // False when the segment was cut or had no room; then nothing may follow.
  bool Add(const Segment& segment) {
    const std::string* text = AsText(segment);
    const bool whole =
        text != nullptr ? AddText(tokenizer_.Encode(*text)) : AddPicture(*AsImage(segment));
    if (whole && segments_++ == 0) {
      first_segment_ = sequence_.size();
    }
    return whole;
  }

  void End() {
    if (Room() > 0) {
      Append(spec_.vocabulary.end_document(), 1);
    }
  }

  // Texts so far were a prompt only if a picture follows: otherwise they are all there is. The
  // first segment is the prefix if there are so many whole ones.
  Sequence Finish(int64_t prefix_needs) {
    if (spec_.arrangement.mask == AttentionMask::kPrefix && presentation_.given &&
        segments_ >= prefix_needs) {
      sequence_.prefix = first_segment_;
      std::fill_n(sequence_.weights.begin(), first_segment_, 0.f);
    }
    if (!sequence_.pictures.empty()) {
      for (const size_t slot : prompt_slots_) {
        sequence_.weights[slot] *= static_cast<float>(spec_.prompt_weight);
      }
    }
    return std::move(sequence_);
  }

 private:
  int64_t Room() const {
    return spec_.max_slots == 0 ? std::numeric_limits<int64_t>::max()
                                : spec_.max_slots - sequence_.size();
  }

  void Append(int64_t id, float weight) {
    sequence_.ids.push_back(id);
    sequence_.weights.push_back(presentation_.drop_text ? 0 : weight);
  }

  bool AddText(std::vector<int64_t> ids) {
    const bool fits = std::ssize(ids) <= Room();
    if (!fits && sequence_.size() > 1) {
      return false;
    }
    ids.resize(std::min(std::ssize(ids), Room()));
    for (const int64_t id : ids) {
      if (sequence_.pictures.empty()) {
        prompt_slots_.push_back(sequence_.ids.size());
      }
      Append(presentation_.drop_text ? spec_.vocabulary.null_text() : id, 1);
    }
    return fits;
  }

  bool AddPicture(const Image& image) {
    const int64_t index = NearestGrid(image, spec_.grids);
    const PatchGrid grid = spec_.grids[index];
    const int64_t openers = spec_.arrangement.patches_at_once();
    if (openers + grid.size() + 1 > Room()) {
      return false;
    }
    for (int64_t i = 0; i < openers; ++i) {
      Append(spec_.vocabulary.opener(index), i == 0 ? 1 : 0);
    }
    const size_t turn = sequence_.pictures.size();
    sequence_.pictures.push_back(
        {.first_slot = sequence_.size(),
         .grid = grid,
         .image = FitToGrid(image, grid, spec_.patch, spec_.fit),
         .noise = turn < presentation_.noise.size() ? presentation_.noise[turn] : 0,
         .hidden = turn < presentation_.hidden.size() && presentation_.hidden[turn],
         .order_key = PictureKey(presentation_.order_key, static_cast<int64_t>(turn))});
    for (int64_t i = 0; i < grid.size(); ++i) {
      Append(spec_.vocabulary.patch(), 0);
    }
    Append(spec_.vocabulary.end_image(), 0);
    return true;
  }

  const LayoutSpec& spec_;
  const Tokenizer& tokenizer_;
  const Presentation& presentation_;
  Sequence sequence_;
  std::vector<size_t> prompt_slots_;  // of text tokens before the first picture
  int64_t segments_ = 0;              // whole ones so far
  int64_t first_segment_ = 0;         // where the first one ends
};

Sequence Build(const Document& document, const LayoutSpec& spec, const Tokenizer& tokenizer,
               const Presentation& presentation, bool prompt) {
  SequenceBuilder builder(spec, tokenizer, presentation);
  const bool whole = std::ranges::all_of(
      document.segments, [&](const Segment& segment) { return builder.Add(segment); });
  if (whole && !prompt) {
    builder.End();
  }
  return builder.Finish(prompt ? 1 : 2);
}

}  // namespace

int64_t PredictorSlot(const Sequence& sequence, const Picture& picture, int64_t turn) {
  return picture.first_slot + turn - sequence.arrangement.patches_at_once();
}

absl::Status CheckLayout(const LayoutSpec& spec) {
  for (const PatchGrid& grid : spec.grids) {
    // <doc> <image>.. patches <end-image> <end-doc>
    const int64_t needed = grid.size() + 3 + spec.arrangement.patches_at_once();
    if (spec.max_slots > 0 && needed > spec.max_slots) {
      return absl::InvalidArgumentError(absl::StrCat(
          "train.row_length = ", spec.max_slots, " has no room for a picture of ", grid.rows, "x",
          grid.cols, " patches; it must be at least ", needed, ", and more for its text"));
    }
    const int64_t joint = spec.arrangement.joint_patches();
    if (grid.size() % joint != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "model.block_head = joint takes the ", joint,
          " patches of a block as one, and a picture of ", grid.rows, "x", grid.cols,
          " patches has no whole number of blocks; use another model.block or grid, or "
          "independent"));
    }
  }
  return absl::OkStatus();
}

Sequence Layout(const Document& document, const LayoutSpec& spec, const Tokenizer& tokenizer,
                const Presentation& presentation) {
  return Build(document, spec, tokenizer, presentation, /*prompt=*/false);
}

Sequence LayoutPrompt(const Document& document, const LayoutSpec& spec, const Tokenizer& tokenizer,
                      const Presentation& presentation) {
  return Build(document, spec, tokenizer, presentation, /*prompt=*/true);
}

}  // namespace tessera
