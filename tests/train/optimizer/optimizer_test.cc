#include "train/optimizer/optimizer.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "ops/random.h"
#include "run/safetensors.h"

namespace tessera {
namespace {

ParameterRole RoleOf(const std::string& name) {
  return name == "a"        ? ParameterRole::kAdapterA
         : name == "b"      ? ParameterRole::kAdapterB
         : name == "table"  ? ParameterRole::kEmbedding
         : name == "output" ? ParameterRole::kOutput
                            : ParameterRole::kHidden;
}

Tensor Randn(torch::IntArrayRef sizes, uint64_t step, uint64_t item) {
  return torch::randn(sizes, MakeGenerator(torch::kCPU, 1, Stream::kTest, step, item));
}

NamedTensors Parameters() {
  NamedTensors parameters = {{"hidden", Randn({8, 8}, 0, 0)},
                             {"output", Randn({4, 8}, 0, 1)},
                             {"table", Randn({5, 8}, 0, 2)},
                             {"bias", Randn({8}, 0, 3)}};
  for (auto& [name, parameter] : parameters) {
    parameter.requires_grad_();
  }
  return parameters;
}

void SetGradients(NamedTensors& parameters, uint64_t step) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    Tensor& parameter = parameters[i].second;
    parameter.mutable_grad() = Randn(parameter.sizes(), 1 + step, i);
  }
}

TEST(Optimizer, FirstAdamWStepIsTheSignOfTheGradientTimesTheRate) {
  NamedTensors parameters = Parameters();
  TrainConfig config{.optimizer = {.kind = OptimizerKind::kAdamW, .lr = 0.01, .weight_decay = 0.2}};
  Optimizer optimizer(parameters, RoleOf, config);
  NamedTensors before;
  for (const auto& [name, parameter] : parameters) {
    before.emplace_back(name, parameter.detach().clone());
  }
  SetGradients(parameters, 0);
  optimizer.Step(0.5);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, parameter] = parameters[i];
    // After bias correction the moments are g and g^2. Embeddings and vectors do not decay.
    const double decay = name == "hidden" || name == "output" ? 0.2 : 0;
    const Tensor g = parameter.grad();
    const Tensor expected = before[i].second * (1 - 0.005 * decay) - 0.005 * g / (g.abs() + 1e-8);
    EXPECT_TRUE(torch::allclose(parameter, expected, 1e-5, 1e-6)) << name;
  }
}

TEST(Optimizer, GivesHiddenMatricesAloneToMuon) {
  const Optimizer optimizer(Parameters(), RoleOf, TrainConfig{});
  std::vector<std::string> names;
  for (const auto& [name, tensor] : optimizer.State()) {
    names.push_back(name);
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"adamw.first.output", "adamw.second.output",
                                      "adamw.first.table", "adamw.second.table", "adamw.first.bias",
                                      "adamw.second.bias", "adamw.steps", "muon.momentum.hidden"}));
}

NamedTensors AdapterMatrices() {
  NamedTensors parameters = {{"a", Randn({2, 8}, 0, 4)}, {"b", Randn({6, 2}, 0, 5)}};
  for (auto& [name, parameter] : parameters) {
    parameter.requires_grad_();
  }
  return parameters;
}

// Steps with the same gradients; what A and B are then.
NamedTensors AfterSteps(const TrainConfig& config, uint64_t steps) {
  NamedTensors parameters = AdapterMatrices();
  Optimizer optimizer(parameters, RoleOf, config);
  for (uint64_t step = 0; step < steps; ++step) {
    SetGradients(parameters, step);
    optimizer.Step(1);
  }
  return parameters;
}

TEST(Optimizer, MovesBOfAnAdapterByTheRatioFasterThanA) {
  const NamedTensors before = AdapterMatrices();
  TrainConfig config{.optimizer = {.lr = 1e-3, .weight_decay = 0}};
  config.adapter.lr_ratio = 16;
  const NamedTensors after = AfterSteps(config, 1);
  // The first step of Adam has the same size everywhere.
  const Tensor a = (after[0].second - before[0].second).abs();
  const Tensor b = (after[1].second - before[1].second).abs();
  EXPECT_TRUE(torch::allclose(a, torch::full_like(a, 1e-3), 1e-3));
  EXPECT_TRUE(torch::allclose(b, torch::full_like(b, 16e-3), 1e-3));
}

TEST(Optimizer, OfRatioOneTreatsAdaptersAsOtherMatricesStepForStep) {
  TrainConfig config;  // of Muon, which must leave them alone
  const NamedTensors adapters = AfterSteps(config, 4);
  NamedTensors plain = AdapterMatrices();
  const auto output = [](const std::string&) { return ParameterRole::kOutput; };
  Optimizer optimizer(plain, output, config);
  for (uint64_t step = 0; step < 4; ++step) {
    SetGradients(plain, step);
    optimizer.Step(1);
  }
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_TRUE(torch::equal(plain[i].second, adapters[i].second)) << plain[i].first;
  }
}

TEST(Optimizer, LeavesFrozenParametersAlone) {
  NamedTensors parameters = Parameters();
  parameters[0].second.requires_grad_(false);
  Optimizer optimizer(parameters, RoleOf, TrainConfig{});
  const Tensor before = parameters[0].second.clone();
  SetGradients(parameters, 0);
  optimizer.Step(1);
  EXPECT_TRUE(torch::equal(parameters[0].second, before));
}

TEST(Optimizer, ContinuesBitForBitFromASavedState) {
  for (const OptimizerKind kind : {OptimizerKind::kAdamW, OptimizerKind::kMuon}) {
    TrainConfig config{.optimizer = {.kind = kind}};
    NamedTensors parameters = Parameters();
    Optimizer optimizer(parameters, RoleOf, config);
    NamedTensors resumed = Parameters();
    std::string saved;
    for (uint64_t step = 0; step < 6; ++step) {
      if (step == 3) {
        saved = WriteSafetensors(optimizer.State());
        ASSERT_TRUE(CopyByName(parameters, "memory", resumed).ok());
      }
      SetGradients(parameters, step);
      optimizer.Step(1);
    }
    Optimizer other(resumed, RoleOf, config);
    ASSERT_TRUE(CopyByName(*ParseSafetensors(saved, "memory"), "memory", other.State()).ok());
    for (uint64_t step = 3; step < 6; ++step) {
      SetGradients(resumed, step);
      other.Step(1);
    }
    for (size_t i = 0; i < parameters.size(); ++i) {
      EXPECT_TRUE(torch::equal(parameters[i].second, resumed[i].second)) << parameters[i].first;
    }
  }
}

TEST(Optimizer, CountsAMissingGradientAsZero) {
  NamedTensors with = Parameters(), without = Parameters();
  Optimizer a(with, RoleOf, TrainConfig{}), b(without, RoleOf, TrainConfig{});
  for (uint64_t step = 0; step < 2; ++step) {
    SetGradients(with, step);
    SetGradients(without, step);
    if (step == 1) {
      for (size_t i = 0; i < with.size(); ++i) {
        with[i].second.mutable_grad().zero_();
      }
      b.ZeroGrad();
    }
    a.Step(1);
    b.Step(1);
  }
  for (size_t i = 0; i < with.size(); ++i) {
    EXPECT_TRUE(torch::equal(with[i].second, without[i].second)) << with[i].first;
  }
}

TEST(ClipGradients, ScalesTheWholeGradientDownToTheLimit) {
  NamedTensors parameters = Parameters();
  Optimizer optimizer(parameters, RoleOf, TrainConfig{});
  EXPECT_EQ(optimizer.ClipGradients(1), 0);
  SetGradients(parameters, 0);
  double squares = 0;
  for (const auto& [name, parameter] : parameters) {
    squares += parameter.grad().square().sum().item<double>();
  }
  EXPECT_NEAR(optimizer.ClipGradients(0), std::sqrt(squares), 1e-4);
  EXPECT_NEAR(optimizer.ClipGradients(2), std::sqrt(squares), 1e-4);
  EXPECT_NEAR(optimizer.ClipGradients(3), 2, 1e-5);
  EXPECT_NEAR(optimizer.ClipGradients(0), 2, 1e-5) << "a norm below the limit stays";
}

TEST(ClipGradients, TellsOfAGradientThatIsNotFinite) {
  NamedTensors parameters = Parameters();
  Optimizer optimizer(parameters, RoleOf, TrainConfig{});
  SetGradients(parameters, 0);
  parameters[1].second.mutable_grad()[0][0] = std::nan("");
  EXPECT_TRUE(std::isnan(optimizer.ClipGradients(1)));
}

TEST(ZeroGrad, ForgetsTheGradients) {
  NamedTensors parameters = Parameters();
  Optimizer optimizer(parameters, RoleOf, TrainConfig{});
  SetGradients(parameters, 0);
  optimizer.ZeroGrad();
  EXPECT_FALSE(parameters[0].second.grad().defined());
}

}  // namespace
}  // namespace tessera
