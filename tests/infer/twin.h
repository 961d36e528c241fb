// The generator once more, slow and plain.
#pragma once

#include <vector>

#include "infer/guidance.h"
#include "infer/text_sampler.h"
#include "ops/pixels.h"
#include "ops/random.h"
#include "sequence/packer.h"
#include "sequence/patches.h"
#include "sequence/slots.h"
#include "tests/infer/toy_run.h"

namespace tessera {

// The generator without batch and cache: every slot reads all that is before it again.
class Twin {
 public:
  Twin(const ToyRun& toy, const GenerateConfig& config, Until until)
      : toy_(toy), config_(config), rules_{toy.tokenizer, toy.layout, config, until} {}

  // The cache adds in another order. So a number that lies on the border of two 8-bit codes falls
  // to the one that it has in `other`, and what follows it is still compared.
  Document Run(const Document& prompt, int64_t index, const Document& other) {
    const torch::NoGradGuard no_grad;
    other_ = &other;
    Continuation row(prompt, rules_, MakeGenerator(torch::kCPU, 0, Stream::kSample, index));
    Begin(row, 0);
    while (true) {
      row.drawing() ? Draw(row) : Write(row);
      if (row.done()) {
        return row.document();
      }
      while (row.has_unread()) {
        Append(row.NextUnread());
      }
    }
  }

 private:
  struct ConditionedBatch {
    Batch batch;
    PositionCursor cursor;
  };

  void Begin(const Continuation& row, int64_t condition) {
    const Sequence sequence = SequenceUnder(condition, row.document(), row.presentation(), rules_);
    conditions_.push_back({PackRows({sequence}, {{0}}, toy_.layout.patch),
                           PositionCursor(toy_.layout.arrangement.positions)});
    CoordinatesOf(sequence, &conditions_.back().cursor);
  }

  void Append(const ReadBlock& block) {
    for (auto& [condition, cursor] : conditions_) {
      const int64_t last = condition.slots() + std::ssize(block) - 1;
      for (const ReadSlot& slot : block) {
        const RotaryCoordinates at =
            slot.patch_D.defined() ? cursor.Patch(slot.grid, slot.turn, slot.cell) : cursor.Id();
        AppendPatch(slot, &condition);
        condition.id_BT = at::cat({condition.id_BT, torch::tensor({{slot.id}})}, 1);
        condition.position_BT = at::arange(condition.slots()).unsqueeze(0);
        condition.document_BT = at::zeros_like(condition.id_BT);
        condition.visible_to_BT = at::cat({condition.visible_to_BT, torch::tensor({{last}})}, 1);
        if (condition.visible_from_BT
                .defined()) {  // of pictures in the prompt: such a model draws none
          condition.visible_from_BT =
              at::cat({condition.visible_from_BT, torch::tensor({{int64_t{0}}})}, 1);
        }
        const Tensor at_112 = torch::tensor({float(at[0]), float(at[1])}).view({1, 1, 2});
        condition.rotary_coordinate_BT2 = at::cat({condition.rotary_coordinate_BT2, at_112}, 1);
      }
    }
  }

  static void AppendPatch(const ReadSlot& slot, Batch* condition) {
    if (slot.patch_D.defined()) {
      const int64_t cols = slot.grid.cols;
      const Tensor place_12 = torch::tensor({{slot.cell / cols, slot.cell % cols}});
      condition->patch_slot_P =
          at::cat({condition->patch_slot_P, torch::tensor({condition->slots()})});
      condition->patch_PD = at::cat({condition->patch_PD, slot.patch_D.unsqueeze(0)});
      condition->patch_row_col_P2 = at::cat({condition->patch_row_col_P2, place_12});
      condition->noise_P = at::cat({condition->noise_P, at::full({1}, slot.noise)});
      condition->hidden_P = at::cat({condition->hidden_P, at::zeros({1}, torch::kBool)});
    }
  }

  // The hidden states of the condition's last slots.
  Tensor Last(const Batch& condition, int64_t count) const {
    return toy_.model->Hidden(condition, {})[0].narrow(0, condition.slots() - count, count);
  }

  void Write(Continuation& row) {
    const Tensor logits_V = toy_.model->TextLogits(Last(conditions_[0].batch, 1))[0];
    row.AppendId(SampleText(row.AllowedLogits(logits_V), config_, row.rng()));
    conditions_.erase(conditions_.begin() + 1, conditions_.end());
    for (int64_t condition = 1; row.drawing() && condition < NumGuidanceConditions(config_);
         ++condition) {
      Begin(row, condition);
    }
  }

  void Draw(Continuation& row) {
    const int64_t cols = row.grid().cols, ahead = toy_.layout.arrangement.patches_at_once();
    const double share = double(row.turn()) / double(row.grid().size());
    std::vector<int64_t> place;
    for (const int64_t cell : row.NextCells()) {
      place.insert(place.end(), {cell / cols, cell % cols});
    }
    const Tensor row_col_N2 = torch::tensor(place).view({-1, 2});
    const int64_t count = row_col_N2.size(0);
    std::vector<Tensor> z;
    for (const ConditionedBatch& condition : conditions_) {
      z.push_back(
          toy_.model->Condition(Last(condition.batch, ahead).narrow(0, 0, count), row_col_N2));
    }
    const int64_t draws = count / toy_.layout.arrangement.joint_patches();
    const std::vector<double> shares(draws, share);
    std::vector<at::Generator> rngs(draws, row.rng());
    const SamplerConfig sampler = AtTurn(config_.sampler, row.turn(), row.grid().size());
    const Tensor drawn_ND = toy_.model->image_head()
                                .Sample(Guide(at::stack(z), shares, config_), sampler, rngs)
                                .view({count, -1});
    row.AppendPatches(LikeOther(row, drawn_ND, NearestPixels(drawn_ND)));
  }

  // The pixels, but for numbers on a border, which are those of the other document.
  Tensor LikeOther(const Continuation& row, const Tensor& drawn_ND, const Tensor& pixel_ND) const {
    constexpr double kBorder = .55 / 127.5;  // half a code, and what the order of sums makes of it
    const size_t picture = row.document().segments.size();
    const Image* image =
        picture < other_->segments.size() ? AsImage(other_->segments[picture]) : nullptr;
    const int64_t patch = toy_.layout.patch;
    if (image == nullptr || image->height != row.grid().rows * patch ||
        image->width != row.grid().cols * patch) {
      return pixel_ND;
    }
    const Tensor theirs_ND =
        at::index_select(Patchify(*image, patch), 0, torch::tensor(row.NextCells()));
    return at::where((drawn_ND - theirs_ND).abs() < kBorder, theirs_ND, pixel_ND);
  }

  const ToyRun& toy_;
  GenerateConfig config_;
  ContinuationRules rules_;
  std::vector<ConditionedBatch> conditions_;
  const Document* other_ = nullptr;
};

}  // namespace tessera
