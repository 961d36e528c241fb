// How documents become rows of slots: the order of a picture's patches, where slots stand for the
// rotary angles, which slots see which, and what is learnt of a picture. Training and generation
// read it alike.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "config/enum_names.h"

namespace tessera {

// See sequence/patch_order.h.
enum class PatchOrder {
  kRaster,
  kSnake,
  kSpiralIn,
  kSpiralOut,
  kZigzag,
  kHilbert,
  kMorton,
  kCoarseToFine,
  kRandom
};
constexpr auto EnumNames(PatchOrder) {
  return std::array{"raster",  "snake",  "spiral-in",      "spiral-out", "zigzag",
                    "hilbert", "morton", "coarse-to-fine", "random"};
}

// See sequence/slots.h.
enum class Positions { kRope1d, kRope2d, kTie, kTieV2, kMRope };
constexpr auto EnumNames(Positions) {
  return std::array{"rope1d", "rope2d", "tie", "tie-v2", "m-rope"};
}

enum class AttentionMask { kCausal, kPrefix, kBlockCausal, kBlockDiagonal };
constexpr auto EnumNames(AttentionMask) {
  return std::array{"causal", "prefix", "block-causal", "block-diagonal"};
}

enum class BlockHead { kIndependent, kJoint };
constexpr auto EnumNames(BlockHead) { return std::array{"independent", "joint"}; }

// How pictures are drawn (infer/drawer.h).
enum class Drawing {
  kByStates,   // the states before a patch condition the image head
  kInRounds,   // the states at hidden patches do, some patches a round
  kByBackbone  // the backbone itself cleans noisy patches, and there is no image head
};

// See model/objectives/objective.h.
enum class ObjectiveKind {
  kHead,
  kCopies,
  kWhole,
  kMasked  // stays the last, so that a missing row does not compile
};

struct ObjectiveRow {
  ObjectiveKind kind;
  const char* name;
  Drawing drawing;
  bool whole_pictures = false;  // a picture's patches see each other and are read together
};

inline constexpr std::array kObjectives = {
    ObjectiveRow{.kind = ObjectiveKind::kHead, .name = "head", .drawing = Drawing::kByStates},
    ObjectiveRow{.kind = ObjectiveKind::kCopies, .name = "copies", .drawing = Drawing::kByBackbone},
    ObjectiveRow{.kind = ObjectiveKind::kWhole,
                 .name = "whole",
                 .drawing = Drawing::kByBackbone,
                 .whole_pictures = true},
    ObjectiveRow{.kind = ObjectiveKind::kMasked,
                 .name = "masked",
                 .drawing = Drawing::kInRounds,
                 .whole_pictures = true},
};
static_assert(HasEachRow(kObjectives, ObjectiveKind::kMasked),
              "an ObjectiveKind has no row in kObjectives");

constexpr auto EnumNames(ObjectiveKind) { return NamesIn(kObjectives); }

struct Arrangement {
  PatchOrder order = PatchOrder::kRaster;
  Positions positions = Positions::kRope1d;
  AttentionMask mask = AttentionMask::kCausal;
  int64_t block = 4;
  BlockHead block_head = BlockHead::kIndependent;
  ObjectiveKind objective = ObjectiveKind::kHead;

  bool operator==(const Arrangement&) const = default;

  const ObjectiveRow& row() const { return kObjectives[static_cast<size_t>(objective)]; }
  bool backbone_denoises() const { return row().drawing == Drawing::kByBackbone; }
  bool whole_pictures() const { return row().whole_pictures; }
  bool draws_in_rounds() const { return row().drawing == Drawing::kInRounds; }
  bool draws_at_once() const { return whole_pictures() && backbone_denoises(); }

  // Whether the states of the sequence's own slots predict the patches behind them; else query
  // patches stand beside the sequence.
  bool states_predict_patches() const { return row().drawing == Drawing::kByStates; }

  // Whether patches see what stands before their picture, so that they can be drawn for it.
  bool generates_images() const { return mask != AttentionMask::kBlockDiagonal; }

  // Patches that are predicted at once, by the hidden states of as many slots before them.
  int64_t patches_at_once() const { return mask == AttentionMask::kBlockCausal ? block : 1; }

  // Patches that the image head takes as one vector.
  int64_t joint_patches() const { return block_head == BlockHead::kJoint ? patches_at_once() : 1; }

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("objective", self.objective,
          "The image head predicts the next patch (head) or hidden ones (masked), or the backbone "
          "cleans patches, alone (copies) or together (whole).");
    visit(
        "order", self.order,
        "A picture's patches are read and drawn in this order; random is another for each picture.",
        !self.whole_pictures());
    visit("positions", self.positions,
          "Slots stand in a line (rope1d), or patches in rows and columns: from the opener "
          "(rope2d), spread out (tie), centred (tie-v2) or closed up (m-rope).");
    visit("mask", self.mask,
          "A slot sees the past (causal), besides the first segment (prefix) or its block of "
          "patches (block-causal), or its picture alone (block-diagonal).");
    visit("block", self.block, "A block has this many patches, which are drawn at once.",
          self.mask == AttentionMask::kBlockCausal);
    visit("block_head", self.block_head,
          "The head draws each patch of a block alone (independent), or all as one vector, so that "
          "they may depend on each other (joint).",
          self.mask == AttentionMask::kBlockCausal);
  }

  std::string Problem() const {
    if (!states_predict_patches() && mask == AttentionMask::kBlockCausal) {
      return "mask block-causal predicts patches by the states before them, as objective head "
             "alone does; use mask causal or prefix";
    }
    if (!states_predict_patches() && !generates_images()) {
      return "mask block-diagonal hides all but its own picture from a patch, which could not be "
             "drawn as objective " +
             std::string(row().name) + " asks; use objective head and train.image_weight = 0";
    }
    return block < 1 ? "block must be at least 1" : "";
  }
};

}  // namespace tessera
