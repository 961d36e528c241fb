// Draws under objective head: the states of the block that a row read last condition the image
// head. G = guidance conditions, N = patches of all rows, W = width of a hidden state.
#include <ATen/Functions.h>

#include "infer/drawer.h"
#include "infer/guidance.h"
#include "ops/pixels.h"

namespace tessera {
namespace {

class HeadDrawer : public Drawer {
 public:
  HeadDrawer(Model& model, DrawerCalls calls) : model_(model), calls_(std::move(calls)) {}

  std::vector<Tensor> Draw(const std::vector<DrawingRow>& rows, const Sampling& sampling) override {
    std::vector<int64_t> row_col, counts;
    std::vector<Tensor> states;
    std::vector<GuidedPatch> guided;
    std::vector<at::Generator> rngs;
    const int64_t joint = model_.config().arrangement.joint_patches();
    for (const DrawingRow& row : rows) {
      const std::vector<int64_t> cells = row.continuation.NextCells();
      for (const int64_t cell : cells) {
        const auto [r, c] = row.continuation.grid().At(cell);
        row_col.insert(row_col.end(), {r, c});
      }
      counts.push_back(std::ssize(cells));
      states.push_back(row.h_GTW.narrow(1, 0, counts.back()));
      guided.insert(guided.end(), cells.size() / joint,
                    {row.continuation.share(), &row.continuation.config()});
      rngs.insert(rngs.end(), cells.size() / joint, row.continuation.rng());
    }
    const Tensor row_col_N2 = torch::tensor(row_col, model_.device()).view({-1, 2});
    const Tensor z_GNW = model_.Condition(at::cat(states, 1), row_col_N2);
    const Conditions conditions = Guide(z_GNW, guided);
    if (calls_.on_conditions) {
      calls_.on_conditions(conditions);
    }
    const Tensor drawn_ND = calls_.sample(conditions, sampling, rngs);
    return NearestPixels(drawn_ND).view({-1, model_.patch_dim()}).split_with_sizes(counts);
  }

 private:
  Model& model_;
  DrawerCalls calls_;
};

}  // namespace

std::unique_ptr<Drawer> MakeHeadDrawer(Model& model, DrawerCalls calls) {
  return std::make_unique<HeadDrawer>(model, std::move(calls));
}

}  // namespace tessera
