// R = rows of the reader, L = num_conditions, T = drafts of a row, N = patches that are drawn
// together, W = width of a hidden state, D = numbers a patch.
#include "infer/query_drawer.h"

#include <ATen/Functions.h>

#include "infer/guidance.h"
#include "model/objectives/query_patches.h"
#include "ops/pixels.h"
#include "sequence/patches.h"

namespace tessera {
namespace {

// Drafts of each row's next patches.
using Blocks = std::vector<ReadBlock>;

Blocks DraftsOf(const DraftDrawer& drawer, const std::vector<int64_t>& drawing) {
  Blocks blocks(drawer.rows.size());
  const Tensor grey_D = at::zeros({drawer.model.patch_dim()}, drawer.model.device());
  for (const int64_t i : drawing) {
    const Continuation& row = drawer.rows[i];
    int64_t turn = row.turn();
    for (const int64_t cell : row.NextCells()) {
      blocks[i].push_back({.id = drawer.model.vocabulary().patch(),
                           .patch_D = grey_D,
                           .grid = row.grid(),
                           .turn = turn++,
                           .cell = cell});
    }
  }
  return blocks;
}

// Which draft of which row.
struct DraftIndex {
  int64_t row, draft;
};

// The hidden states at these drafts, in all num_conditions: [L, N, W].
Tensor StatesAt(const DraftDrawer& drawer, const Blocks& blocks,
                const std::vector<DraftIndex>& drafts) {
  Blocks of_lanes;
  for (int64_t condition = 0; condition < drawer.num_conditions; ++condition) {
    of_lanes.insert(of_lanes.end(), blocks.begin(), blocks.end());
  }
  const Tensor h_RTW = drawer.reader.Peek(of_lanes);
  std::vector<int64_t> slots;
  for (const auto& [row, draft] : drafts) {
    slots.push_back(row * h_RTW.size(1) + draft);
  }
  const Tensor h_LMW =
      h_RTW.unflatten(0, {drawer.num_conditions, std::ssize(blocks)}).flatten(1, 2);
  return at::index_select(h_LMW, 1, torch::tensor(slots, h_RTW.device()));
}

std::vector<DraftIndex> AllOf(const Blocks& blocks) {
  std::vector<DraftIndex> drafts;
  for (int64_t row = 0; row < std::ssize(blocks); ++row) {
    for (int64_t draft = 0; draft < std::ssize(blocks[row]); ++draft) {
      drafts.push_back({row, draft});
    }
  }
  return drafts;
}

void AppendAll(const DraftDrawer& drawer, const Blocks& blocks) {
  for (size_t row = 0; row < blocks.size(); ++row) {
    if (!blocks[row].empty()) {
      std::vector<Tensor> patches;
      for (const ReadSlot& slot : blocks[row]) {
        patches.push_back(slot.patch_D);
      }
      drawer.rows[row].AppendPatches(NearestPixels(at::stack(patches)));
    }
  }
}

// Every evaluation of the sampler's network is a pass over the drafts.
void DrawByCleaning(const DraftDrawer& drawer, const std::vector<int64_t>& drawing,
                    const SamplerConfig& sampler) {
  Blocks blocks = DraftsOf(drawer, drawing);
  const std::vector<DraftIndex> drafts = AllOf(blocks);
  const auto fill = [&](const Tensor& x_ND, double level) {
    for (size_t n = 0; n < drafts.size(); ++n) {
      ReadSlot& slot = blocks[drafts[n].row][drafts[n].draft];
      slot.patch_D = x_ND[static_cast<int64_t>(n)];
      slot.level = level;
    }
  };
  const BackboneDenoiser::GuidedStates states = [&](const Tensor& x_ND, double tau) {
    fill(x_ND, tau / kMostTau);
    return StatesAt(drawer, blocks, drafts);
  };
  std::vector<double> share_N;
  std::vector<at::Generator> rngs;
  for (const DraftIndex& draft : drafts) {
    Continuation& row = drawer.rows[draft.row];
    share_N.push_back(static_cast<double>(row.turn()) / static_cast<double>(row.grid().size()));
    rngs.push_back(row.rng());
  }
  // Conditions of no numbers: the guide only says how num_conditions are weighted.
  const Tensor no_z_LN0 =
      at::zeros({drawer.num_conditions, std::ssize(drafts), 0}, drawer.model.device());
  const Conditions guide = Guide(no_z_LN0, share_N, drawer.config);
  fill(drawer.model.denoiser().Sample(states, guide, sampler, rngs), 0);
  AppendAll(drawer, blocks);
}

class Rounds {
 public:
  Rounds(const DraftDrawer& drawer, const std::vector<int64_t>& drawing,
         const SamplerConfig& sampler)
      : drawer_(drawer),
        sampler_(sampler),
        blocks_(DraftsOf(drawer, drawing)),
        order_(blocks_.size()),
        drawn_(blocks_.size(), 0),
        share_(blocks_.size(), 0) {
    for (const int64_t i : drawing) {
      at::Generator& rng = drawer.rows[i].rng();
      const auto options = torch::TensorOptions(torch::kLong).device(rng.device());
      const Tensor order = at::randperm(std::ssize(blocks_[i]), rng, options).to(torch::kCPU);
      order_[i].assign(order.data_ptr<int64_t>(), order.data_ptr<int64_t>() + order.numel());
      for (ReadSlot& slot : blocks_[i]) {
        slot.hidden = true;
      }
    }
  }

  void DrawAll() {
    for (int64_t round = 0; round < drawer_.config.rounds; ++round) {
      const std::vector<DraftIndex> chosen = Choose(round);
      if (!chosen.empty()) {
        DrawSome(chosen);
      }
    }
    AppendAll(drawer_, blocks_);
  }

 private:
  std::vector<DraftIndex> Choose(int64_t round) {
    std::vector<DraftIndex> chosen;
    for (int64_t row = 0; row < std::ssize(blocks_); ++row) {
      const int64_t patches = std::ssize(blocks_[row]);
      if (drawn_[row] == patches) {
        continue;
      }
      share_[row] = static_cast<double>(drawn_[row]) / static_cast<double>(patches);
      const int64_t after = DrawnAfter(round, drawer_.config.rounds, drawn_[row], patches);
      for (; drawn_[row] < after; ++drawn_[row]) {
        chosen.push_back({row, order_[row][drawn_[row]]});
      }
    }
    return chosen;
  }

  void DrawSome(const std::vector<DraftIndex>& chosen) {
    std::vector<int64_t> place;
    std::vector<double> share_N;
    std::vector<at::Generator> rngs;
    for (const auto& [row, draft] : chosen) {
      const ReadSlot& slot = blocks_[row][draft];
      const RowCol at = slot.grid.At(slot.cell);
      place.insert(place.end(), {at.row, at.col});
      share_N.push_back(share_[row]);
      rngs.push_back(drawer_.rows[row].rng());
    }
    const Tensor row_col_N2 = torch::tensor(place, drawer_.model.device()).view({-1, 2});
    const Tensor z_GNW = drawer_.model.Condition(StatesAt(drawer_, blocks_, chosen), row_col_N2);
    const Tensor patch_ND = NearestPixels(
        drawer_.model.SamplePatches(Guide(z_GNW, share_N, drawer_.config), sampler_, rngs));
    for (size_t n = 0; n < chosen.size(); ++n) {
      ReadSlot& slot = blocks_[chosen[n].row][chosen[n].draft];
      slot.patch_D = patch_ND[static_cast<int64_t>(n)];
      slot.hidden = false;
    }
  }

  const DraftDrawer& drawer_;
  const SamplerConfig& sampler_;
  Blocks blocks_;
  std::vector<std::vector<int64_t>> order_;  // of each row: its drafts as they are drawn
  std::vector<int64_t> drawn_;               // how many of them are
  std::vector<double> share_;                // that was drawn before the round
};

}  // namespace

void DraftDrawer::Draw(const std::vector<int64_t>& drawing, const SamplerConfig& sampler) {
  if (model.config().arrangement.backbone_denoises()) {
    DrawByCleaning(*this, drawing, sampler);
  } else {
    Rounds(*this, drawing, sampler).DrawAll();
  }
}

}  // namespace tessera
