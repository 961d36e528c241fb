#include "ops/packed_linear.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

namespace tessera {
namespace {

struct Product {
  Tensor x_RI, weight_OI, bias_O;
};

Product RandomProduct(int64_t rows, int64_t inputs, int64_t outputs) {
  torch::manual_seed(rows + inputs);
  return {at::randn({rows, inputs}), at::randn({outputs, inputs}), at::randn({outputs})};
}

Tensor Packed(const Product& p, WeightStorage storage) {
  const PackedLinear linear(p.weight_OI, p.bias_O, storage);
  const int64_t rows = p.x_RI.size(0);
  const Tensor y = at::empty({rows, linear.stride()});
  linear.ForPanels(rows, [&](int64_t first, int64_t last) {
    linear.Multiply({p.x_RI.const_data_ptr<float>(), p.x_RI.size(1), rows},
                    {y.mutable_data_ptr<float>(), linear.stride(), rows}, first, last);
  });
  return y.narrow(1, 0, p.weight_OI.size(0));
}

// What a product with these weights would be without rounding of its sums.
void ExpectProduct(const Product& p, const Tensor& weight_OI, WeightStorage storage) {
  const Tensor exact = at::linear(p.x_RI.to(torch::kDouble), weight_OI.to(torch::kDouble),
                                  p.bias_O.to(torch::kDouble));
  const double error = (Packed(p, storage) - exact).abs().max().item<double>();
  EXPECT_LT(error, 1e-5 * exact.abs().max().item<double>())
      << p.x_RI.sizes() << p.weight_OI.sizes();
}

const std::vector<std::array<int64_t, 2>> kShapes = {{1, 1}, {47, 33}, {64, 96}, {130, 31}};

std::vector<Product> Products() {
  std::vector<Product> products;
  for (const auto& [inputs, outputs] : kShapes) {
    for (const int64_t rows : {1, 2, 3, 4, 5, 11, 12, 13, 29, 64}) {
      products.push_back(RandomProduct(rows, inputs, outputs));
    }
  }
  return products;
}

TEST(PackedLinear, InFloatIsTheProduct) {
  for (const Product& p : Products()) {
    ExpectProduct(p, p.weight_OI, WeightStorage::kF32);
  }
}

TEST(PackedLinear, InBf16IsTheProductWithRoundedWeights) {
  for (const Product& p : Products()) {
    ExpectProduct(p, p.weight_OI.to(torch::kBFloat16), WeightStorage::kBf16);
  }
}

TEST(PackedLinear, InInt8IsTheProductWithWeightsIn255StepsOfEachOutputsLargest) {
  for (const Product& p : Products()) {
    const Tensor step_O1 = p.weight_OI.abs().amax(1, /*keepdim=*/true) / 127;
    ExpectProduct(p, at::round(p.weight_OI / step_O1) * step_O1, WeightStorage::kInt8);
  }
}

TEST(PackedLinear, TakesWeightsThatAreAllZero) {
  Product p = RandomProduct(2, 8, 8);
  p.weight_OI.zero_();
  for (const WeightStorage storage :
       {WeightStorage::kF32, WeightStorage::kBf16, WeightStorage::kInt8}) {
    EXPECT_TRUE(torch::equal(Packed(p, storage), p.bias_O.expand({2, 8}))) << int(storage);
  }
}

TEST(PackedLinear, DoesNotFollowLaterChangesOfTheWeights) {
  Product p = RandomProduct(1, 8, 8);
  const PackedLinear linear(p.weight_OI, p.bias_O, WeightStorage::kF32);
  const Tensor before = Packed(p, WeightStorage::kF32), y = at::empty({1, linear.stride()});
  p.weight_OI.add_(1);
  linear.Multiply({p.x_RI.const_data_ptr<float>(), 8, 1},
                  {y.mutable_data_ptr<float>(), linear.stride(), 1}, 0, linear.panels());
  EXPECT_TRUE(torch::equal(y.narrow(1, 0, 8), before));
}

}  // namespace
}  // namespace tessera
