#include "train/optimizer/muon.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "ops/random.h"

namespace tessera {
namespace {

Tensor Randn(torch::IntArrayRef sizes, uint64_t item) {
  return torch::randn(sizes, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item));
}

NamedTensors Parameters(const std::vector<std::vector<int64_t>>& shapes) {
  NamedTensors parameters;
  for (size_t i = 0; i < shapes.size(); ++i) {
    Tensor parameter = Randn(shapes[i], i).requires_grad_();
    parameter.mutable_grad() = Randn(shapes[i], 100 + i);
    parameters.emplace_back(std::to_string(i), parameter);
  }
  return parameters;
}

// U V^T of the singular value decomposition.
Tensor Polar(const Tensor& x) {
  const auto [u, s, v] = torch::linalg_svd(x, /*full_matrices=*/false);
  return u.matmul(v);
}

TEST(Orthogonalize, BringsSingularValuesNearOne) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const Tensor y = Orthogonalize(Randn({3, 48, 96}, 0) * 1e-3, dtype);
    const Tensor s = torch::linalg_svdvals(y);
    EXPECT_GT(s.min().item<double>(), 0.65);
    EXPECT_LT(s.max().item<double>(), 1.2);
    EXPECT_EQ(y.scalar_type(), torch::kFloat32);
  }
}

TEST(Orthogonalize, KeepsTheSingularVectors) {
  const Tensor x = Randn({2, 32, 64}, 1);
  const Tensor polar = Polar(x), y = Orthogonalize(x, torch::kFloat32);
  // With singular vectors kept, y polar^T = U S' U^T is symmetric.
  const Tensor product = y.bmm(polar.mT());
  EXPECT_LT((product - product.mT()).abs().max().item<double>(), 1e-4);
  EXPECT_LT((y - polar).norm().item<double>() / polar.norm().item<double>(), 0.25);
}

TEST(Orthogonalize, IsZeroAtZero) {
  EXPECT_TRUE(torch::equal(Orthogonalize(torch::zeros({1, 4, 8}), torch::kBFloat16),
                           torch::zeros({1, 4, 8})));
}

TEST(Muon, UpdatesABatchOfMatricesAsEachAlone) {
  const std::vector<std::vector<int64_t>> shapes = {{24, 24}, {16, 40}, {24, 24}, {40, 16}};
  NamedTensors together = Parameters(shapes);
  Muon batched(together, {.weight_decay = 0.1, .dtype = torch::kFloat32});
  NamedTensors alone = Parameters(shapes);
  std::vector<Muon> singles;
  for (const auto& named : alone) {
    singles.emplace_back(NamedTensors{named},
                         MuonOptions{.weight_decay = 0.1, .dtype = torch::kFloat32});
  }
  for (int step = 0; step < 3; ++step) {
    batched.Step(1);
    for (Muon& single : singles) {
      single.Step(1);
    }
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    EXPECT_TRUE(torch::allclose(together[i].second, alone[i].second, 1e-4, 1e-5)) << i;
  }
}

TEST(Muon, FirstStepIsThePolarFactorTimesTheRateTimesTheShapeFactor) {
  NamedTensors parameters = Parameters({{64, 16}});
  Tensor& parameter = parameters[0].second;
  const Tensor before = parameter.detach().clone();
  Muon(parameters, {.lr = 0.5, .dtype = torch::kFloat32}).Step(0.1);
  const Tensor expected = Polar(parameter.grad()) * (0.5 * 0.1 * 2);  // sqrt(64 / 16) = 2
  const Tensor update = before - parameter.detach();
  EXPECT_LT((update - expected).norm().item<double>() / expected.norm().item<double>(), 0.3);
}

TEST(Muon, DecaysByTheRateTimesTheDecay) {
  NamedTensors parameters = Parameters({{8, 8}});
  Tensor& parameter = parameters[0].second;
  parameter.mutable_grad() = Tensor();
  const Tensor before = parameter.detach().clone();
  Muon(parameters, {.lr = 0.5, .weight_decay = 0.1}).Step(1);
  EXPECT_TRUE(torch::allclose(parameter, before * 0.95));
}

TEST(Muon, RefusesWhatIsNoMatrix) { EXPECT_THROW(Muon(Parameters({{3}}), {}), c10::Error); }

}  // namespace
}  // namespace tessera
