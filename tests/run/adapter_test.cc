// O, I = outputs and inputs of a linear map, R = rank, N = rows.
#include "run/adapter.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kOutputs = 12, kInputs = 20, kRank = 3;

Tensor Randn(torch::IntArrayRef sizes, uint64_t item) {
  return torch::randn(sizes, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item));
}

AdapterConfig Lora() {
  AdapterConfig config;
  config.kind = AdapterKind::kLora;
  config.targets = {"head.map.weight"};
  config.rank = kRank;
  config.alpha = 6;  // the scale is 2
  return config;
}

// One linear map with an adapter.
struct Adapted {
  explicit Adapted(const AdapterConfig& config = Lora())
      : weight_OI(Randn({kOutputs, kInputs}, 0)),
        base_OI(weight_OI.clone()),
        adapters(*Adapters::Attach({{"head.map.weight", weight_OI}},
                                   {{"head.map.weight", ParameterRole::kHidden}}, config, 1)) {
    a_RI = adapters.Parameters()[0].second;
    b_OR = adapters.Parameters()[1].second;
  }

  // As after some training.
  void Perturb() {
    const torch::NoGradGuard no_grad;
    a_RI.copy_(Randn({kRank, kInputs}, 1));
    b_OR.copy_(Randn({kOutputs, kRank}, 2));
  }

  Tensor Folded() {
    const FoldedScope folded(adapters);
    return weight_OI.clone();
  }

  // B A, scaled, as the operation adds it.
  static Tensor ChangeBy(const Tensor& weight_OI, const LowRankChanges& changes) {
    const torch::NoGradGuard no_grad;
    const Tensor inputs_II = torch::eye(weight_OI.size(1)),
                 before_IO = Linear(inputs_II, weight_OI);
    const LowRankScope changed(changes);
    return (Linear(inputs_II, weight_OI) - before_IO).t();
  }

  // Backward from a loss whose gradient at the outputs is g_NO.
  void Backward(const Tensor& x_NI, const Tensor& g_NO, int64_t step = 0) const {
    const LowRankScope changed(adapters.ChangesInStep(step));
    (Linear(x_NI, weight_OI) * g_NO).sum().backward();
  }

  Tensor weight_OI, base_OI;
  Adapters adapters;
  Tensor a_RI, b_OR;
};

TEST(Adapters, LeaveTheBaseToTheBitAtFirstWhicheverSideIsZero) {
  for (const ZeroSide zero : {ZeroSide::kB, ZeroSide::kA}) {
    AdapterConfig config = Lora();
    config.zero = zero;
    Adapted one(config);
    EXPECT_TRUE(torch::equal(one.Folded(), one.base_OI));
    EXPECT_EQ(one.ChangeBy(one.weight_OI, one.adapters.Changes()).abs().max().item<float>(), 0);
    const Tensor& drawn = zero == ZeroSide::kB ? one.a_RI : one.b_OR;
    const Tensor& zeros = zero == ZeroSide::kB ? one.b_OR : one.a_RI;
    EXPECT_EQ(zeros.abs().max().item<float>(), 0);
    const double bound = 1 / std::sqrt(static_cast<double>(drawn.size(1)));
    EXPECT_LE(drawn.abs().max().item<double>(), bound);
    EXPECT_NEAR(drawn.std().item<double>(), bound / std::sqrt(3.0), .2 * bound);
  }
}

TEST(Adapters, FoldedIsTheOperationAndUnfoldedIsTheBaseToTheBit) {
  Adapted one;
  one.Perturb();
  const Tensor folded_OI = one.Folded();
  EXPECT_TRUE(torch::equal(one.weight_OI, one.base_OI));
  const Tensor change_OI = folded_OI - one.base_OI;
  EXPECT_TRUE(torch::allclose(change_OI, 2 * one.b_OR.mm(one.a_RI), 1e-5, 1e-5));
  EXPECT_EQ(torch::linalg_matrix_rank(change_OI.detach(), 1e-4).item<int64_t>(), kRank);
  for (const int64_t rows : {1, 7}) {  // few rows without gradients are multiplied by a loop
    for (const bool gradients : {false, true}) {
      const at::AutoGradMode mode(gradients);
      const LowRankScope changed(one.adapters.Changes());
      const Tensor x_NI = Randn({rows, kInputs}, 3);
      EXPECT_TRUE(
          torch::allclose(Linear(x_NI, one.weight_OI), torch::linear(x_NI, folded_OI), 1e-5, 1e-4));
    }
  }
}

TEST(Adapters, AddToAProductWithSomeRowsThoseOfB) {
  Adapted one;
  one.Perturb();
  const Tensor x_NI = Randn({7, kInputs}, 3);
  const LowRankScope changed(one.adapters.Changes());
  std::vector<Tensor> parts;
  for (const Tensor& rows_PI : one.weight_OI.split(5)) {
    parts.push_back(Linear(x_NI, rows_PI));
  }
  EXPECT_TRUE(torch::allclose(torch::cat(parts, 1), Linear(x_NI, one.weight_OI), 1e-5, 1e-5));
}

// The gradient G of W + s B A gives that of A as s B' G, and that of B as s G A'.
TEST(Adapters, HaveTheGradientsThatTheFoldedMatrixSays) {
  Adapted one;
  one.Perturb();
  Tensor whole_OI = one.Folded().requires_grad_();
  for (uint64_t batch = 0; batch < 2; ++batch) {  // accumulated
    const Tensor x_NI = Randn({7, kInputs}, 10 + batch), g_NO = Randn({7, kOutputs}, 20 + batch);
    one.Backward(x_NI, g_NO);
    (torch::linear(x_NI, whole_OI) * g_NO).sum().backward();
  }
  const Tensor g_OI = whole_OI.grad();
  EXPECT_TRUE(torch::allclose(one.a_RI.grad(), 2 * one.b_OR.t().mm(g_OI), 1e-4, 1e-3));
  EXPECT_TRUE(torch::allclose(one.b_OR.grad(), 2 * g_OI.mm(one.a_RI.t()), 1e-4, 1e-3));
  EXPECT_FALSE(one.weight_OI.grad().defined());
}

TEST(Adapters, OnABaseInBf16MultiplyAsOnItsNumbersInF32) {
  Adapted one;
  one.Perturb();
  one.weight_OI.set_data(one.base_OI.to(torch::kBFloat16));
  const Tensor wide_OI = one.weight_OI.to(torch::kFloat32), x_NI = Randn({7, kInputs}, 3);
  const Tensor mine_NI = x_NI.clone().requires_grad_(), its_NI = x_NI.clone().requires_grad_();
  const Tensor g_NO = Randn({7, kOutputs}, 4), bias_O = Randn({kOutputs}, 5);
  {
    const LowRankScope changed(one.adapters.Changes());
    (Linear(mine_NI, one.weight_OI, bias_O) * g_NO).sum().backward();
  }
  const Tensor folded_OI = one.Folded();
  EXPECT_TRUE(torch::allclose(folded_OI, wide_OI + 2 * one.b_OR.mm(one.a_RI), 1e-5, 1e-5));
  EXPECT_EQ(one.weight_OI.scalar_type(), torch::kBFloat16) << "unfolded again";
  (torch::linear(its_NI, folded_OI, bias_O) * g_NO).sum().backward();
  EXPECT_TRUE(torch::allclose(mine_NI.grad(), its_NI.grad(), 1e-5, 1e-4));
}

TEST(Adapters, AtFirstHaveAGradientOfTheZeroSideOnly) {
  Adapted one;
  one.Backward(Randn({7, kInputs}, 3), Randn({7, kOutputs}, 4));
  EXPECT_EQ(one.a_RI.grad().abs().max().item<float>(), 0);
  EXPECT_GT(one.b_OR.grad().abs().min().item<float>(), 0);
}

TEST(Adapters, OfFullRankReachAnyMatrix) {
  AdapterConfig config = Lora();
  config.rank = kOutputs;
  config.alpha = kOutputs;
  Adapted one(config);
  const Tensor target_OI = Randn({kOutputs, kInputs}, 5);
  {
    const torch::NoGradGuard no_grad;
    one.a_RI.copy_(target_OI - one.base_OI);
    one.b_OR.copy_(torch::eye(kOutputs));
  }
  EXPECT_TRUE(torch::allclose(one.Folded(), target_OI, 1e-6, 1e-6));
}

TEST(Adapters, DropWholeInputsAndScaleUpTheOthers) {
  AdapterConfig config = Lora();
  config.dropout = .25;
  Adapted one(config);
  one.Perturb();
  const Tensor change_OI = one.ChangeBy(one.weight_OI, one.adapters.Changes());
  Tensor mean_OI = torch::zeros_like(change_OI), kept_I;
  constexpr int64_t kSteps = 2000;
  for (int64_t step = 0; step < kSteps; ++step) {
    const Tensor dropped_OI = one.ChangeBy(one.weight_OI, one.adapters.ChangesInStep(step));
    kept_I = dropped_OI.abs().sum(0) > 0;
    EXPECT_TRUE(torch::allclose(dropped_OI, change_OI * kept_I / .75, 1e-4, 1e-4));
    mean_OI += dropped_OI / kSteps;
  }
  // The share that is kept has the standard deviation sqrt(.75 * .25 / 2000) = .01.
  EXPECT_LT((mean_OI / change_OI - 1).abs().max().item<double>(), 5 * .01 / .75);
  one.Backward(Randn({7, kInputs}, 3), Randn({7, kOutputs}, 4), kSteps - 1);
  EXPECT_TRUE(torch::equal(one.a_RI.grad().abs().sum(0) > 0, kept_I));
  EXPECT_TRUE(torch::allclose(one.Folded() - one.base_OI, change_OI, 1e-4, 1e-4))
      << "no dropout outside steps";
}

TEST(Adapters, DropTheSameInputsWhenAStepIsRepeated) {
  AdapterConfig config = Lora();
  config.dropout = .5;
  Adapted one(config), other(config);
  one.Perturb();
  other.Perturb();
  const auto change_in = [](const Adapted& its, int64_t step) {
    return its.ChangeBy(its.weight_OI, its.adapters.ChangesInStep(step));
  };
  EXPECT_FALSE(torch::equal(change_in(one, 3), change_in(one, 4)));
  EXPECT_TRUE(torch::equal(change_in(one, 4), change_in(other, 4)));
}

NamedTensors SomeParameters() {
  return {{"embed_tokens", Randn({5, 4}, 0).requires_grad_()},
          {"model.layers.0.mlp.up_proj.weight", Randn({6, 4}, 1).requires_grad_()},
          {"model.layers.0.input_layernorm.weight", Randn({4}, 2).requires_grad_()},
          {"head.out.weight", Randn({3, 4}, 3).requires_grad_()},
          {"lm_head", Randn({5, 4}, 4).requires_grad_()},
          {"autoencoder.quantiser.sum", Randn({5, 4}, 5)}};  // a buffer
}

ParameterRoles SomeRoles() {
  using enum ParameterRole;
  return {{"embed_tokens", kEmbedding},
          {"model.layers.0.mlp.up_proj.weight", kHidden},
          {"model.layers.0.input_layernorm.weight", kHidden},
          {"head.out.weight", kHidden},
          {"lm_head", kOutput}};
}

TEST(Adapters, AreNamedAsInPeftAndGoToLinearMapsAlone) {
  AdapterConfig config = Lora();
  config.targets = {"*"};
  const NamedTensors parameters = SomeParameters();
  const auto adapters = Adapters::Attach(parameters, SomeRoles(), config, 1);
  ASSERT_TRUE(adapters.ok()) << adapters.status();
  std::vector<std::string> names;
  for (const auto& [name, tensor] : adapters->Parameters()) {
    names.push_back(name);
    EXPECT_TRUE(tensor.requires_grad()) << name;
  }
  const std::vector<std::string> expected = {
      "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight",
      "base_model.model.model.layers.0.mlp.up_proj.lora_B.weight",
      "base_model.model.head.out.lora_A.weight",
      "base_model.model.head.out.lora_B.weight",
      "base_model.model.lm_head.lora_A.weight",
      "base_model.model.lm_head.lora_B.weight"};
  EXPECT_EQ(names, expected);
  EXPECT_FALSE(parameters[0].second.requires_grad());
  EXPECT_FALSE(parameters[2].second.requires_grad());
}

TEST(Adapters, LeaveOutWhatNoPatternNames) {
  AdapterConfig config = Lora();
  config.targets = {"head.*"};
  const NamedTensors parameters = SomeParameters();
  EXPECT_EQ(Adapters::Attach(parameters, SomeRoles(), config, 1)->Parameters().size(), 2);
  EXPECT_FALSE(parameters[1].second.requires_grad());
  config.targets = {"head.*", "lm_haed"};
  EXPECT_EQ(
      Adapters::Attach(SomeParameters(), SomeRoles(), config, 1).status().message(),
      "train.adapter.targets: no linear map matches 'lm_haed'; the nearest name is 'lm_head'");
  config.targets = {"embed_tokens"};
  EXPECT_FALSE(Adapters::Attach(SomeParameters(), SomeRoles(), config, 1).ok());
}

TEST(Adapters, KnowTheirBaseByItsNumbers) {
  AdapterConfig config = Lora();
  config.targets = {"head.*"};
  const std::string first = Adapters::Attach(SomeParameters(), SomeRoles(), config, 1)->base_hash();
  EXPECT_EQ(first.size(), 16);
  EXPECT_EQ(Adapters::Attach(SomeParameters(), SomeRoles(), config, 2)->base_hash(), first);
  const NamedTensors other = SomeParameters();
  other[0].second.data()[0][0] += 1;
  EXPECT_NE(Adapters::Attach(other, SomeRoles(), config, 1)->base_hash(), first);
  const NamedTensors rounded = SomeParameters(), widened = SomeParameters();
  Tensor(rounded[1].second).set_data(rounded[1].second.to(torch::kBFloat16));
  Tensor(widened[1].second).set_data(rounded[1].second.to(torch::kFloat32));
  EXPECT_EQ(Adapters::Attach(rounded, SomeRoles(), config, 1)->base_hash(),
            Adapters::Attach(widened, SomeRoles(), config, 1)->base_hash());
}

}  // namespace
}  // namespace tessera
