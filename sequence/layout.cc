#include "sequence/layout.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "sequence/fit.h"
#include "sequence/grids.h"
#include "sequence/patch_order.h"

namespace tessera {
namespace {

class SequenceBuilder {
 public:
  SequenceBuilder(const LayoutSpec& spec, const Presentation& presentation)
      : spec_(spec), presentation_(presentation) {
    sequence_.arrangement = spec.arrangement;
    Append(spec_.vocabulary.document(), 0);
  }

  // Adds as many slots of the segment as it keeps.
  void Add(const Segment& segment, std::vector<int64_t> ids, int64_t kept, bool scored) {
    if (kept == 0) {
      return;
    }
    scored_ = scored;
    if (const Image* image = AsImage(segment)) {
      AddPicture(*image);
    } else {
      ids.resize(kept);
      AddText(ids);
    }
    if (segments_++ == 0) {
      first_segment_ = sequence_.size();
    }
  }

  void End() {
    if (Room() > 0) {
      Append(spec_.vocabulary.end_document(), 1);
    }
  }

  int64_t Room() const {
    return spec_.max_slots == 0 ? std::numeric_limits<int64_t>::max()
                                : spec_.max_slots - sequence_.size();
  }

  // Texts so far were a prompt only if a picture follows: otherwise they are all there is. The
  // first segment is the prefix if there are so many.
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
  void Append(int64_t id, float weight) {
    sequence_.ids.push_back(id);
    sequence_.weights.push_back(presentation_.drop_text || !scored_ ? 0 : weight);
  }

  void AddText(const std::vector<int64_t>& ids) {
    for (const int64_t id : ids) {
      if (sequence_.pictures.empty()) {
        prompt_slots_.push_back(sequence_.ids.size());
      }
      Append(presentation_.drop_text ? spec_.vocabulary.null_text() : id, 1);
    }
  }

  void AddPicture(const Image& image) {
    const int64_t index = NearestGrid(image, spec_.grids);
    const PatchGrid grid = spec_.grids[index];
    const int64_t openers = spec_.arrangement.patches_at_once();
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
         .scored = scored_,
         .order_key = PictureKey(presentation_.order_key, static_cast<int64_t>(turn))});
    for (int64_t i = 0; i < grid.size(); ++i) {
      Append(spec_.vocabulary.patch(), 0);
    }
    Append(spec_.vocabulary.end_image(), 0);
  }

  const LayoutSpec& spec_;
  const Presentation& presentation_;
  Sequence sequence_;
  std::vector<size_t> prompt_slots_;  // of text tokens before the first picture
  bool scored_ = true;                // the segment that is added, or was last
  int64_t segments_ = 0;              // so far
  int64_t first_segment_ = 0;         // where the first one ends
};

Sequence Build(const Document& document, const LayoutSpec& spec, const Tokenizer& tokenizer,
               const Presentation& presentation, bool prompt) {
  std::vector<std::vector<int64_t>> ids;
  std::vector<SegmentSize> sizes;
  for (const Segment& segment : document.segments) {
    const Image* image = AsImage(segment);
    ids.push_back(image != nullptr ? std::vector<int64_t>() : tokenizer.Encode(*AsText(segment)));
    sizes.push_back(
        image != nullptr
            ? SegmentSize{PictureSlots(spec, spec.grids[NearestGrid(*image, spec.grids)]), true}
            : SegmentSize{std::ssize(ids.back()), false});
  }
  SequenceBuilder builder(spec, presentation);
  const std::vector<int64_t> kept = FitSegments(sizes, builder.Room());
  for (size_t i = 0; i < sizes.size(); ++i) {
    builder.Add(document.segments[i], std::move(ids[i]), kept[i], !document.unscored.contains(i));
  }
  if (!prompt && (sizes.empty() || kept.back() == sizes.back().slots)) {
    builder.End();
  }
  return builder.Finish(prompt ? 1 : 2);
}

}  // namespace

int64_t PredictorSlot(const Sequence& sequence, const Picture& picture, int64_t turn) {
  return picture.first_slot + turn - sequence.arrangement.patches_at_once();
}

int64_t PictureSlots(const LayoutSpec& spec, const PatchGrid& grid) {
  return spec.arrangement.patches_at_once() + grid.size() + 1;
}

absl::Status CheckLayout(const LayoutSpec& spec) {
  for (const PatchGrid& grid : spec.grids) {
    const int64_t needed = 2 + PictureSlots(spec, grid);  // <doc> and <end-doc>
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
