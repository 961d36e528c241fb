#include "run/parameter_role.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/heads/random_head.h"
#include "tests/model/toy_batch.h"

namespace tessera {
namespace {

using enum ParameterRole;

// A matrix's role, by rules of names that the modules do not know.
ParameterRole Expected(const std::string& name) {
  const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
  const std::set<std::string> tables = {
      "embed_tokens",         "place.row",      "place.col",
      "next_place.row",       "next_place.col", "patch_embedder.place",
      "patch_embedder.query", "head.symbol"};
  if (tables.contains(name) || name.ends_with("codebook")) {
    return kEmbedding;
  }
  const bool inside = name.starts_with("model.layers.") || name.starts_with("head.") ||
                      name.starts_with("autoencoder.");
  return inside && !has("modulation") && !has("output") ? kHidden : kOutput;
}

void ExpectRoles(const ModelConfig& config, const std::string& what) {
  ASSERT_EQ(config.Problem(), "") << what;
  const auto model = ToyModel(config);
  const ParameterRoles roles = RolesOf(*model);
  EXPECT_EQ(roles.size(), model->named_parameters().size()) << what;
  for (const auto& parameter : model->named_parameters()) {
    if (parameter.value().dim() > 1) {
      EXPECT_EQ(roles.at(parameter.key()), Expected(parameter.key()))
          << what << ": " << parameter.key();
    }
  }
}

TEST(ParameterRole, IsThatOfTheListForEveryHeadAndEveryInput) {
  for (size_t kind = 0; kind < EnumNames(HeadKind{}).size(); ++kind) {
    for (const CodeSoftmax softmax : {CodeSoftmax::kJoint, CodeSoftmax::kAutoregressive}) {
      ModelConfig config = ToyConfig();
      config.head.kind = static_cast<HeadKind>(kind);
      config.head.codes.softmax = softmax;
      if (config.writes_codes()) {
        config.autoencoder = {.kind = AutoencoderKind::kFsq, .path = "a run", .width = 8};
      }
      ExpectRoles(config, std::string(EnumName(config.head.kind)));
    }
  }
  for (size_t kind = 0; kind < EnumNames(InputKind{}).size(); ++kind) {
    ModelConfig config = ToyConfig();
    config.input.kind = static_cast<InputKind>(kind);
    if (config.reads_codes()) {
      config.autoencoder = {.kind = AutoencoderKind::kVq,
                            .path = "a run",
                            .width = 8,
                            .codebook = Codebook::kGradient};
    }
    ExpectRoles(config, std::string(EnumName(config.input.kind)));
  }
}

TEST(ParameterRole, IsThatOfTheListForEveryObjective) {
  for (size_t kind = 0; kind < EnumNames(ObjectiveKind{}).size(); ++kind) {
    ModelConfig config = ToyConfig();
    config.arrangement.objective = static_cast<ObjectiveKind>(kind);
    ExpectRoles(config, std::string(EnumName(config.arrangement.objective)));
  }
}

TEST(ParameterRole, OfAHeadsLastLayerIsOutput) {
  for (size_t kind = 0; kind < EnumNames(HeadKind{}).size(); ++kind) {
    const HeadConfig config{.kind = static_cast<HeadKind>(kind), .width = 8, .depth = 2};
    const auto head =
        MakeImageHead(config, kConditionDim, kPatchDim, RandomAutoencoder(config, kPatchDim));
    // Untrained, the last layer alone has a gradient among the matrices.
    int64_t last_layers = 0;
    head->Loss(torch::ones({4, kConditionDim}), torch::full({4, kPatchDim}, -1.f), Rng(1))
        .mean.backward();
    for (const auto& parameter : head->named_parameters()) {
      const Tensor& gradient = parameter.value().grad();
      if (parameter.value().dim() == 2 && gradient.defined() &&
          gradient.abs().max().item<double>() > 0) {
        EXPECT_EQ(RolesOf(*head).at(parameter.key()), kOutput)
            << EnumName(config.kind) << ": " << parameter.key();
        ++last_layers;
      }
    }
    EXPECT_GT(last_layers, 0) << EnumName(config.kind);
  }
}

// Hides a linear map from the list of its module.
struct Careless : ModuleWithRoles {
  Careless() { register_module("forgotten", torch::nn::Linear(2, 3)); }
};

TEST(ParameterRole, IsMissedWhereAModuleForgetsIt) {
  EXPECT_THROW(RolesOf(Careless()), c10::Error);
}

}  // namespace
}  // namespace tessera
