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
    adapters.Apply();
  }

  // Backward from a loss whose gradient at the outputs is g_NO.
  void Backward(const Tensor& x_NI, const Tensor& g_NO) const {
    (torch::linear(x_NI, weight_OI) * g_NO).sum().backward();
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
    one.adapters.Apply();
    EXPECT_TRUE(torch::equal(one.weight_OI, one.base_OI));
    const Tensor& drawn = zero == ZeroSide::kB ? one.a_RI : one.b_OR;
    const Tensor& zeros = zero == ZeroSide::kB ? one.b_OR : one.a_RI;
    EXPECT_EQ(zeros.abs().max().item<float>(), 0);
    const double bound = 1 / std::sqrt(static_cast<double>(drawn.size(1)));
    EXPECT_LE(drawn.abs().max().item<double>(), bound);
    EXPECT_NEAR(drawn.std().item<double>(), bound / std::sqrt(3.0), .2 * bound);
  }
}

TEST(Adapters, MergedIsUnmerged) {
  Adapted one;
  one.Perturb();
  const Tensor x_NI = Randn({7, kInputs}, 3);
  const Tensor two_paths =
      torch::linear(x_NI, one.base_OI) + 2 * torch::linear(torch::linear(x_NI, one.a_RI), one.b_OR);
  EXPECT_TRUE(torch::allclose(torch::linear(x_NI, one.weight_OI), two_paths, 1e-5, 1e-4));
  const Tensor unmerged = one.weight_OI - 2 * one.b_OR.mm(one.a_RI);
  EXPECT_LT((unmerged - one.base_OI).abs().max().item<double>(), 4e-6);  // changes of size 10
  EXPECT_EQ(torch::linalg_matrix_rank((one.weight_OI - one.base_OI).detach(), 1e-4).item<int64_t>(),
            kRank);
}

TEST(Adapters, HaveTheGradientsOfTheTwoPaths) {
  Adapted one;
  one.Perturb();
  const Tensor a_RI = one.a_RI.detach().clone().requires_grad_();
  const Tensor b_OR = one.b_OR.detach().clone().requires_grad_();
  for (uint64_t batch = 0; batch < 2; ++batch) {  // accumulated
    const Tensor x_NI = Randn({7, kInputs}, 10 + batch), g_NO = Randn({7, kOutputs}, 20 + batch);
    one.Backward(x_NI, g_NO);
    const Tensor y_NO =
        torch::linear(x_NI, one.base_OI) + 2 * torch::linear(torch::linear(x_NI, a_RI), b_OR);
    (y_NO * g_NO).sum().backward();
  }
  one.adapters.CollectGradients();
  EXPECT_TRUE(torch::allclose(one.a_RI.grad(), a_RI.grad(), 1e-4, 1e-3));
  EXPECT_TRUE(torch::allclose(one.b_OR.grad(), b_OR.grad(), 1e-4, 1e-3));
  EXPECT_FALSE(one.weight_OI.grad().defined());
}

TEST(Adapters, AtFirstHaveAGradientOfTheZeroSideOnly) {
  Adapted one;
  one.adapters.Apply();
  one.Backward(Randn({7, kInputs}, 3), Randn({7, kOutputs}, 4));
  one.adapters.CollectGradients();
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
  one.adapters.Apply();
  EXPECT_TRUE(torch::allclose(one.weight_OI, target_OI, 1e-6, 1e-6));
}

TEST(Adapters, DropWholeInputsAndScaleUpTheOthers) {
  AdapterConfig config = Lora();
  config.dropout = .25;
  Adapted one(config);
  one.Perturb();
  const Tensor change_OI = (one.weight_OI - one.base_OI).detach();
  Tensor mean_OI = torch::zeros_like(change_OI), kept_I;
  constexpr int64_t kSteps = 2000;
  for (int64_t step = 0; step < kSteps; ++step) {
    one.adapters.DropInputs(step);
    const Tensor dropped_OI = (one.weight_OI - one.base_OI).detach();
    kept_I = dropped_OI.abs().sum(0) > 0;
    EXPECT_TRUE(torch::allclose(dropped_OI, change_OI * kept_I / .75, 1e-4, 1e-4));
    mean_OI += dropped_OI / kSteps;
  }
  // The share that is kept has the standard deviation sqrt(.75 * .25 / 2000) = .01.
  EXPECT_LT((mean_OI / change_OI - 1).abs().max().item<double>(), 5 * .01 / .75);
  one.Backward(Randn({7, kInputs}, 3), Randn({7, kOutputs}, 4));
  one.adapters.CollectGradients();
  EXPECT_TRUE(torch::equal(one.a_RI.grad().abs().sum(0) > 0, kept_I));
  one.adapters.Apply();
  EXPECT_TRUE(torch::equal(one.weight_OI - one.base_OI, change_OI)) << "no dropout outside steps";
}

TEST(Adapters, DropTheSameInputsWhenAStepIsRepeated) {
  AdapterConfig config = Lora();
  config.dropout = .5;
  Adapted one(config), other(config);
  one.Perturb();
  other.Perturb();
  one.adapters.DropInputs(3);
  one.adapters.DropInputs(4);
  other.adapters.DropInputs(4);
  EXPECT_TRUE(torch::equal(one.weight_OI, other.weight_OI));
  other.adapters.DropInputs(3);
  EXPECT_FALSE(torch::equal(one.weight_OI, other.weight_OI));
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
}

}  // namespace
}  // namespace tessera
