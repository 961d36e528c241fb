#include "train/parameter_count.h"

#include <gtest/gtest.h>

#include "run/parameter_role.h"
#include "tests/analysis/untrained_run.h"

namespace tessera {
namespace {

using Overrides = std::vector<std::string>;

constexpr char kSteps[] = "generate.sampler.steps=10";  // the default, for heads without steps

// What a run really has, in the groups of train/optimizer/optimizer.cc.
ParameterCount Counted(const Run& run) {
  ParameterCount count;
  const RoleOfName role = RolesInTraining(*run.learner);
  for (const auto& [name, tensor] : Parameters(*run.learner)) {
    const bool trained = tensor.requires_grad();
    const bool hidden = trained && tensor.dim() == 2 && role(name) == ParameterRole::kHidden;
    (!trained ? count.frozen
     : hidden ? count.hidden
              : count.other) += static_cast<double>(tensor.numel());
  }
  return count;
}

void ExpectCounted(const Overrides& overrides) {
  const auto run = UntrainedRun(overrides);
  ASSERT_TRUE(run.ok()) << run.status();
  RunConfig config = run->config;
  config.tokenizer.size = run->tokenizer.size();
  ParameterCount sum;
  for (const ParameterCount& part : CountParameters(config)) {
    sum.hidden += part.hidden;
    sum.other += part.other;
    sum.frozen += part.frozen;
  }
  const ParameterCount counted = Counted(*run);
  const std::string choices = testing::PrintToString(overrides);
  EXPECT_EQ(sum.hidden, counted.hidden) << choices;
  EXPECT_EQ(sum.other, counted.other) << choices;
  EXPECT_EQ(sum.frozen, counted.frozen) << choices;
}

TEST(CountParameters, CountsWhatEveryHeadHas) {
  for (const Overrides& overrides :
       {Overrides{},
        {"model.head.depth=3", "model.head.width=24"},
        {"model.head.kind=mse", kSteps},
        {"model.head.kind=gmm", kSteps},
        {"model.head.kind=gmm", kSteps, "model.head.gmm.covariance=full", "model.patch=2",
         "model.grids=[\"8x8\"]"},
        {"model.head.kind=gmm", kSteps, "model.head.gmm.covariance=per_channel"},
        {"model.head.kind=fourier", kSteps},
        {"model.head.kind=fourier", kSteps, "model.head.fourier.support=line"},
        {"model.head.kind=softmax256", kSteps},
        {"model.head.diffusion.schedule=cosine", "model.head.diffusion.learn_variance=true",
         "generate.sampler.kind=ddpm", "generate.sampler.steps=10"}}) {
    ExpectCounted(overrides);
  }
}

TEST(CountParameters, CountsWhatEveryInputAndBackboneHas) {
  for (const Overrides& overrides :
       {Overrides{"model.input.kind=bottleneck", "model.input.rank=5"},
        {"model.input.kind=conv", "model.input.channels=3"},
        {"model.input.kind=resampler", "model.input.heads=2", "train.image_weight=0"},
        {"model.qk_norm=false", "model.kv_heads=1", "model.layers=3", "model.ffn=40"},
        {"model.head_dim=10", "model.kv_heads=2", "model.qkv_bias=true"},
        {"model.tie_text_head=true", "model.grids=[\"2x2\", \"1x2\"]"}}) {
    ExpectCounted(overrides);
  }
}

TEST(CountParameters, CountsWhatEveryObjectiveHas) {
  for (const char* objective : {"copies", "whole", "masked"}) {
    ExpectCounted({std::string("model.objective=") + objective});
  }
}

TEST(CountParameters, CountsAnAutoencoderAsTrainedAloneAndFrozenInAModel) {
  const Overrides kinds[] = {{"model.autoencoder.kind=continuous"},
                             {"model.autoencoder.kind=fsq", "model.autoencoder.levels=[5,3]"},
                             {"model.autoencoder.kind=vq", "model.autoencoder.codes=20"},
                             {"model.autoencoder.kind=vq", "model.autoencoder.codebook=gradient"}};
  RunConfig config;
  for (const Overrides& kind : kinds) {
    config = RunConfig();
    Overrides all = {"model.patch=4", "model.autoencoder.width=16"};
    all.insert(all.end(), kind.begin(), kind.end());
    const absl::Status status = FromToml("", "test", all, &config);
    ASSERT_TRUE(status.ok()) << status;
    const auto tokenizer = UntrainedRun({});
    ASSERT_TRUE(tokenizer.ok());
    const auto run = MakeRun(config, tokenizer->tokenizer);
    ASSERT_TRUE(run.ok()) << run.status();
    const ParameterCount counted = Counted(*run), predicted = CountParameters(config).front();
    EXPECT_EQ(predicted.hidden, counted.hidden) << testing::PrintToString(kind);
    EXPECT_EQ(predicted.other, counted.other) << testing::PrintToString(kind);
    EXPECT_EQ(predicted.frozen, counted.frozen) << testing::PrintToString(kind);
  }
  for (const char* head : {"diffusion", "codes"}) {
    for (const char* softmax : {"joint", "independent", "autoregressive"}) {
      Overrides overrides = {"model.input.kind=codes", "model.autoencoder.kind=fsq",
                             "model.autoencoder.path=none", "model.autoencoder.vectors=2",
                             std::string("model.head.kind=") + head};
      if (std::string_view(head) == "codes") {
        overrides.push_back(kSteps);
        overrides.push_back(std::string("model.head.codes.softmax=") + softmax);
      }
      ExpectCounted(overrides);
    }
  }
}

}  // namespace
}  // namespace tessera
