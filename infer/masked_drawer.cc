// Draws under objective masked: a picture's query patches are hidden at first, and each round draws
// some of them in a random order, given those drawn before (Li et al. 2024; Chang et al. 2022,
// "MaskGIT"). G = guidance conditions, N = queries drawn in a round, D = numbers a patch.
#include <ATen/Functions.h>

#include <algorithm>

#include "infer/guidance.h"
#include "infer/query_blocks.h"
#include "model/objectives/query_patches.h"
#include "ops/pixels.h"

namespace tessera {
namespace {

// The pictures of some rows while they are drawn.
class Rounds {
 public:
  Rounds(Model& model, Reader& reader, const PatchSampler& sample,
         const std::vector<DrawingRow>& rows)
      : model_(model),
        sample_(sample),
        rows_(rows),
        queries_(model, reader, rows),
        drawn_(rows.size(), 0) {
    for (size_t row = 0; row < rows.size(); ++row) {
      at::Generator& rng = rows[row].continuation.rng();
      ReadBlock& block = queries_.blocks()[row];
      const auto options = torch::TensorOptions(torch::kLong).device(rng.device());
      const Tensor order = at::randperm(std::ssize(block), rng, options).to(torch::kCPU);
      order_.emplace_back(order.data_ptr<int64_t>(), order.data_ptr<int64_t>() + order.numel());
      for (ReadSlot& slot : block) {
        slot.hidden = true;
      }
    }
  }

  std::vector<Tensor> DrawAll(const Sampling& sampling) {
    int64_t most = 0;
    for (const DrawingRow& row : rows_) {
      most = std::max(most, row.continuation.config().rounds);
    }
    for (int64_t round = 0; round < most; ++round) {
      std::vector<GuidedPatch> guided;
      const std::vector<QueryIndex> chosen = Choose(round, &guided);
      if (!chosen.empty()) {
        DrawSome(chosen, guided, sampling);
      }
    }
    return queries_.Patches();
  }

 private:
  std::vector<QueryIndex> Choose(int64_t round, std::vector<GuidedPatch>* guided) {
    std::vector<QueryIndex> chosen;
    for (size_t row = 0; row < rows_.size(); ++row) {
      const int64_t patches = std::ssize(order_[row]);
      if (drawn_[row] == patches) {
        continue;
      }
      const GenerateConfig& config = rows_[row].continuation.config();
      const double share = static_cast<double>(drawn_[row]) / static_cast<double>(patches);
      const int64_t after = DrawnAfter(round, config.rounds, drawn_[row], patches);
      for (; drawn_[row] < after; ++drawn_[row]) {
        chosen.push_back({row, static_cast<size_t>(order_[row][drawn_[row]])});
        guided->push_back({share, &config});
      }
    }
    return chosen;
  }

  void DrawSome(const std::vector<QueryIndex>& chosen, const std::vector<GuidedPatch>& guided,
                const Sampling& sampling) {
    std::vector<int64_t> row_col;
    std::vector<at::Generator> rngs;
    for (const QueryIndex& query : chosen) {
      const ReadSlot& slot = queries_.at(query);
      const auto [row, col] = slot.grid.At(slot.cell);
      row_col.insert(row_col.end(), {row, col});
      rngs.push_back(rows_[query.row].continuation.rng());
    }
    const Tensor row_col_N2 = torch::tensor(row_col, model_.device()).view({-1, 2});
    const Tensor z_GNW = model_.Condition(queries_.States(chosen), row_col_N2);
    const Tensor patch_ND = NearestPixels(sample_(Guide(z_GNW, guided), sampling, rngs));
    for (size_t n = 0; n < chosen.size(); ++n) {
      queries_.at(chosen[n]).patch_D = patch_ND[static_cast<int64_t>(n)];
      queries_.at(chosen[n]).hidden = false;
    }
  }

  Model& model_;
  const PatchSampler& sample_;
  const std::vector<DrawingRow>& rows_;
  QueryBlocks queries_;
  std::vector<std::vector<int64_t>> order_;  // in which each row's queries are drawn
  std::vector<int64_t> drawn_;               // how many of them are
};

class MaskedDrawer : public Drawer {
 public:
  MaskedDrawer(Model& model, Reader& reader, DrawerCalls calls)
      : model_(model), reader_(reader), calls_(std::move(calls)) {}

  std::vector<Tensor> Draw(const std::vector<DrawingRow>& rows, const Sampling& sampling) override {
    return Rounds(model_, reader_, calls_.sample, rows).DrawAll(sampling);
  }

 private:
  Model& model_;
  Reader& reader_;
  DrawerCalls calls_;
};

}  // namespace

std::unique_ptr<Drawer> MakeMaskedDrawer(Model& model, Reader& reader, DrawerCalls calls) {
  return std::make_unique<MaskedDrawer>(model, reader, std::move(calls));
}

}  // namespace tessera
