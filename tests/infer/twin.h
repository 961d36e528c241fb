// The generator once more, slow and plain.
#pragma once

#include <vector>

#include "data/packer.h"
#include "data/patches.h"
#include "infer/guidance.h"
#include "infer/text_sampler.h"
#include "ops/random.h"
#include "tests/infer/toy_run.h"

namespace tessera {

// The generator without batch and cache: every slot reads all that is before it again.
class Twin {
 public:
  Twin(const ToyRun& toy, const GenerateConfig& config, Until until)
      : toy_(toy), config_(config), rules_{toy.tokenizer, toy.layout, config_, until} {}

  Document Run(const Document& prompt, int64_t index) {
    const torch::NoGradGuard no_grad;
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
  struct Lane {
    Batch batch;
    SlotWalk walk;
  };

  void Begin(const Continuation& row, int64_t lane) {
    const Sequence sequence = LaneSequence(lane, row.document(), row.shown(), rules_);
    lanes_.push_back({PackRows({sequence}, {{0}}, toy_.layout.patch),
                      SlotWalk(toy_.layout.arrangement.positions)});
    WalkAlong(sequence, &lanes_.back().walk);
  }

  void Append(const ReadBlock& block) {
    for (auto& [lane, walk] : lanes_) {
      const int64_t last = lane.slots() + std::ssize(block) - 1;
      for (const ReadSlot& slot : block) {
        const Coordinates at =
            slot.patch_D.defined() ? walk.Patch(slot.grid, slot.turn, slot.cell) : walk.Id();
        AppendPatch(slot, &lane);
        lane.id_BT = at::cat({lane.id_BT, torch::tensor({{slot.id}})}, 1);
        lane.position_BT = at::arange(lane.slots()).unsqueeze(0);
        lane.document_BT = at::zeros_like(lane.id_BT);
        lane.seen_BT = at::cat({lane.seen_BT, torch::tensor({{last}})}, 1);
        if (lane.since_BT.defined()) {  // of pictures in the prompt: such a model draws none
          lane.since_BT = at::cat({lane.since_BT, torch::tensor({{int64_t{0}}})}, 1);
        }
        const Tensor at_112 = torch::tensor({float(at[0]), float(at[1])}).view({1, 1, 2});
        lane.coordinate_BT2 = at::cat({lane.coordinate_BT2, at_112}, 1);
      }
    }
  }

  static void AppendPatch(const ReadSlot& slot, Batch* lane) {
    if (slot.patch_D.defined()) {
      const int64_t cols = slot.grid.cols;
      const Tensor place_12 = torch::tensor({{slot.cell / cols, slot.cell % cols}});
      lane->patch_slot_P = at::cat({lane->patch_slot_P, torch::tensor({lane->slots()})});
      lane->patch_PD = at::cat({lane->patch_PD, slot.patch_D.unsqueeze(0)});
      lane->patch_place_P2 = at::cat({lane->patch_place_P2, place_12});
      lane->noise_P = at::cat({lane->noise_P, at::full({1}, slot.noise)});
      lane->hidden_P = at::cat({lane->hidden_P, at::zeros({1}, torch::kBool)});
    }
  }

  // Of the lane's last slots.
  Tensor Last(const Batch& lane, int64_t count) const {
    return toy_.model->Hidden(lane, {})[0].narrow(0, lane.slots() - count, count);
  }

  void Write(Continuation& row) {
    const Tensor logits_V = toy_.model->TextLogits(Last(lanes_[0].batch, 1))[0];
    row.AppendId(SampleText(row.AllowedLogits(logits_V), config_, row.rng()));
    lanes_.erase(lanes_.begin() + 1, lanes_.end());
    for (int64_t lane = 1; row.drawing() && lane < NumLanes(config_); ++lane) {
      Begin(row, lane);
    }
  }

  void Draw(Continuation& row) {
    const int64_t cols = row.grid().cols, ahead = toy_.layout.arrangement.patches_at_once();
    const double share = double(row.turn()) / double(row.grid().size());
    std::vector<int64_t> place;
    for (const int64_t cell : row.NextCells()) {
      place.insert(place.end(), {cell / cols, cell % cols});
    }
    const Tensor place_N2 = torch::tensor(place).view({-1, 2});
    const int64_t count = place_N2.size(0);
    std::vector<Tensor> z;
    for (const Lane& lane : lanes_) {
      z.push_back(toy_.model->Condition(Last(lane.batch, ahead).narrow(0, 0, count), place_N2));
    }
    const int64_t draws = count / toy_.layout.arrangement.joint_patches();
    const std::vector<double> shares(draws, share);
    std::vector<at::Generator> rngs(draws, row.rng());
    const SamplerConfig sampler = AtTurn(config_.sampler, row.turn(), row.grid().size());
    row.AppendPatches(
        NearestCodes(toy_.model->SamplePatches(Guide(at::stack(z), shares, config_), sampler, rngs))
            .view({count, -1}));
  }

  const ToyRun& toy_;
  GenerateConfig config_;
  ContinuationRules rules_;
  std::vector<Lane> lanes_;
};

}  // namespace tessera
