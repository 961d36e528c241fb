#include "analysis/probe/drift.h"

#include <ATen/Functions.h>

#include "sequence/patch_order.h"
#include "sequence/patches.h"

namespace tessera {
namespace {

std::vector<double> ToVector(const torch::Tensor& values) {
  const torch::Tensor plain = values.to(torch::kDouble).contiguous();
  return {plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel()};
}

}  // namespace

TurnStatistics StatisticsByTurn(const std::vector<Image>& images, PatchGrid grid, int64_t patch,
                                PatchOrder order) {
  if (order == PatchOrder::kRandom) {
    order = PatchOrder::kRaster;
  }
  std::vector<torch::Tensor> pictures;
  for (const Image& image : images) {
    pictures.push_back(Patchify(image, patch));
  }
  const torch::Tensor cell_P = at::tensor(CellsInOrder(order, grid, 0), torch::kLong);
  const torch::Tensor x_PND = at::stack(pictures, 1).index_select(0, cell_P).to(torch::kDouble);
  const torch::Tensor x_PM = x_PND.flatten(1);
  return {ToVector(x_PM.mean(1)), ToVector(x_PM.std(1, /*unbiased=*/false)),
          ToVector((x_PM.abs() >= 1).to(torch::kDouble).mean(1))};
}

}  // namespace tessera
