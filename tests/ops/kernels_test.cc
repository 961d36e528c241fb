// Each fused operation against its definition, which it falls back to in double: the same numbers,
// the same gradients, in float and in bfloat16, at widths that no vector divides.
#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ops/linear.h"
#include "ops/norm.h"
#include "ops/rotary.h"
#include "ops/swiglu.h"

namespace tessera {
namespace {

using Operation = std::function<Tensor(const std::vector<Tensor>&)>;

// The result, and the gradient of each input under a fixed gradient of the result.
std::vector<Tensor> WithGradients(const Operation& operation, const std::vector<Tensor>& inputs,
                                  torch::Dtype dtype) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) {
    leaves.push_back(input.to(dtype).detach().requires_grad_());
  }
  std::vector<Tensor> results = {operation(leaves)};
  torch::manual_seed(7);
  const Tensor dy = torch::randn(results[0].sizes(), torch::kFloat64);
  for (const Tensor& gradient : torch::autograd::grad({results[0]}, leaves, {dy.to(dtype)})) {
    results.push_back(gradient);
  }
  return results;
}

void ExpectItsDefinition(const Operation& operation, const std::vector<Tensor>& inputs,
                         const std::vector<torch::Dtype>& dtypes) {
  for (const torch::Dtype dtype : dtypes) {
    // What the type cannot hold is no fault of the operation.
    std::vector<Tensor> held;
    for (const Tensor& input : inputs) {
      held.push_back(input.to(dtype).to(torch::kFloat64));
    }
    const auto exact = WithGradients(operation, held, torch::kFloat64);
    const auto fused = WithGradients(operation, held, dtype);
    const double tolerance = dtype == torch::kFloat32 ? 2e-6 : 2e-2;
    for (size_t i = 0; i < exact.size(); ++i) {
      EXPECT_EQ(fused[i].scalar_type(), dtype);
      const double error = (fused[i].to(torch::kFloat64) - exact[i]).abs().max().item<double>();
      EXPECT_LT(error, tolerance * exact[i].abs().max().item<double>()) << "output " << i;
    }
  }
}

const std::vector<torch::Dtype> kBoth = {torch::kFloat32, torch::kBFloat16};

Tensor Randn(torch::IntArrayRef sizes) { return torch::randn(sizes, torch::kFloat64); }

TEST(Kernels, RmsNormIsItsDefinition) {
  torch::manual_seed(1);
  const Operation norm = [](const std::vector<Tensor>& x) { return RmsNorm(x[0], x[1], 1e-6); };
  ExpectItsDefinition(norm, {Randn({5, 9, 47}), Randn({47})}, {torch::kFloat32});
}

TEST(Kernels, RmsNormPutsOutWhatAutocastAsksFor) {
  torch::manual_seed(2);
  const Tensor x = torch::randn({40, 33}).requires_grad_(), weight = torch::randn({33});
  const Tensor plain = RmsNorm(x, weight, 1e-6);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const Tensor narrow = RmsNorm(x, weight, 1e-6);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(narrow.scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(torch::equal(narrow, plain.to(torch::kBFloat16)));
  const Tensor dy = torch::randn({40, 33}).to(torch::kBFloat16);
  const Tensor wide_dx = torch::autograd::grad({plain}, {x}, {dy.to(torch::kFloat32)})[0];
  EXPECT_TRUE(torch::allclose(torch::autograd::grad({narrow}, {x}, {dy})[0], wide_dx, 1e-5, 1e-6));
}

TEST(Kernels, RmsNormTakesNarrowNumbersAndAWideWeight) {
  torch::manual_seed(8);
  const Tensor x = torch::randn({40, 33}).to(torch::kBFloat16).requires_grad_();
  const Tensor wide = x.detach().to(torch::kFloat32).requires_grad_();
  const Tensor weight = torch::randn({33}).requires_grad_();
  const Tensor dy = torch::randn({40, 33}).to(torch::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const Tensor narrow = RmsNorm(x, weight, 1e-6);
  at::autocast::set_autocast_enabled(at::kCPU, false);
  const Tensor plain = RmsNorm(wide, weight, 1e-6);
  EXPECT_TRUE(torch::equal(narrow, plain.to(torch::kBFloat16)));
  const auto fused = torch::autograd::grad({narrow}, {x, weight}, {dy});
  const auto exact = torch::autograd::grad({plain}, {wide, weight}, {dy.to(torch::kFloat32)});
  EXPECT_TRUE(torch::equal(fused[0], exact[0].to(torch::kBFloat16)));
  EXPECT_TRUE(torch::allclose(fused[1], exact[1], 1e-5, 1e-5));
}

TEST(Kernels, ModulatedNormIsItsDefinitionOnPartsOfAWiderMatrix) {
  torch::manual_seed(3);
  const Operation norm = [](const std::vector<Tensor>& x) {
    const auto parts = x[1].chunk(3, -1);
    return ModulatedNorm(x[0], parts[2], parts[0], 1e-6);
  };
  ExpectItsDefinition(norm, {Randn({2, 7, 19}), Randn({2, 7, 57})}, kBoth);
  // One row of x for two of the modulation, as under guidance.
  ExpectItsDefinition(norm, {Randn({7, 19}), Randn({2, 7, 57})}, kBoth);
}

TEST(Kernels, SwiGluIsItsDefinition) {
  torch::manual_seed(4);
  const Operation swiglu = [](const std::vector<Tensor>& x) { return SwiGlu(x[0], x[1]); };
  ExpectItsDefinition(swiglu, {Randn({3, 101}) * 4, Randn({3, 101})}, kBoth);
}

TEST(Kernels, SwiGluHoldsAtTheEndsOfTheExponential) {
  const Tensor gate = torch::tensor({-1e4f, -100.f, -88.f, 0.f, 88.f, 100.f, 1e4f});
  const Tensor y = SwiGlu(gate, torch::ones_like(gate));
  EXPECT_TRUE(torch::allclose(y, torch::tensor({0.f, 0.f, 0.f, 0.f, 88.f, 100.f, 1e4f})));
}

TEST(Kernels, RotationIsItsDefinition) {
  torch::manual_seed(5);
  const Tensor position = torch::randint(0, 50, {2, 6, 2});
  const Operation rotate = [&](const std::vector<Tensor>& x) {
    const bool exact = x[0].scalar_type() == torch::kFloat64;
    return Rotate(x[0], MakeRotary(position, 22, {100}, exact ? torch::kFloat64 : torch::kFloat32));
  };
  ExpectItsDefinition(rotate, {Randn({2, 6, 3, 22})}, kBoth);
}

TEST(Kernels, FewRowsAreMultipliedAsMany) {
  torch::manual_seed(6);
  torch::NoGradGuard no_grad;
  for (const auto& [inputs, outputs] :
       std::vector<std::pair<int64_t, int64_t>>{{64, 256}, {37, 5}, {3, 1}, {512, 1023}}) {
    const Tensor x = torch::randn({4, inputs}), weight = torch::randn({outputs, inputs});
    const Tensor bias = torch::randn({outputs});
    for (const int64_t rows : {1, 3, 4}) {
      const Tensor few = x.narrow(0, 0, rows);
      const Tensor exact =
          at::linear(few.to(torch::kFloat64), weight.to(torch::kFloat64), bias.to(torch::kFloat64));
      EXPECT_TRUE(
          torch::allclose(Linear(few, weight, bias).to(torch::kFloat64), exact, 1e-4, 1e-4));
      EXPECT_TRUE(torch::equal(Linear(few, weight, bias)[0], Linear(x[0], weight, bias)));
    }
  }
}

}  // namespace
}  // namespace tessera
