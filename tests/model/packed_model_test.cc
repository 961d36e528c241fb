#include "model/packed_model.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include "tests/model/toy_batch.h"

namespace tessera {
namespace {

constexpr int64_t kRows = 3, kSlots = 40;

std::shared_ptr<Model> RandomModel(const ModelConfig& config) {
  torch::manual_seed(4);
  auto model = std::make_shared<Model>(config, Vocabulary(60, 1), std::vector<PatchGrid>{{2, 2}});
  const torch::NoGradGuard no_grad;
  for (Tensor& parameter : model->parameters()) {
    parameter.add_(at::randn_like(parameter) * .2);
  }
  return model;
}

// Token t of each row, which differ.
ModelInput TokenAt(int64_t t) {
  ModelInput input;
  input.id_BT = (at::arange(kRows) * 7 + t * 5).remainder(60).unsqueeze(1);
  input.position_BT = input.visible_to_BT = at::full({kRows, 1}, t);
  input.rotary_coordinate_BT2 = at::full({kRows, 1, 2}, double(t));
  input.patch_slot_P = at::zeros({0}, torch::kLong);
  return input;
}

std::vector<ModelConfig> Shapes() {
  std::vector<ModelConfig> shapes(4, ToyConfig());
  shapes[1].kv_heads = 1;
  shapes[1].qk_norm = !shapes[1].qk_norm;
  shapes[2].width = 36;  // no multiple of what is computed at once
  shapes[2].heads = 6;
  shapes[2].kv_heads = 3;
  shapes[2].ffn = 50;
  shapes[2].tie_text_head = true;
  shapes[3].head_dim = 6;
  shapes[3].qkv_bias = true;
  shapes[3].norm_epsilon = .1;
  shapes[3].rope_scaling = {.factor = 4, .low = 1, .high = 4, .context = 16};
  return shapes;
}

TEST(PackedModel, ReadsAndWritesWhatTheModelDoesWhateverItsShape) {
  const torch::NoGradGuard no_grad;
  for (const ModelConfig& config : Shapes()) {
    const auto model = RandomModel(config);
    PackedModel packed(*model, WeightStorage::kF32);
    KvCache cache = model->MakeCache(kRows, kSlots), twin = model->MakeCache(kRows, kSlots);
    for (int64_t t = 0; t < kSlots; ++t) {
      const Tensor h_BTW = packed.Hidden(TokenAt(t), cache);
      const Tensor exact_BTW = model->Hidden(TokenAt(t), {}, {.cache = &twin});
      EXPECT_TRUE(at::allclose(h_BTW, exact_BTW, 1e-4, 1e-4)) << t;
      EXPECT_TRUE(at::allclose(packed.TextLogits(h_BTW.flatten(0, 1)),
                               model->TextLogits(exact_BTW.flatten(0, 1)), 1e-4, 1e-4));
    }
  }
}

TEST(PackedModel, RoundsWeightsToTheStorageThatIsAskedFor) {
  const torch::NoGradGuard no_grad;
  const auto model = RandomModel(ToyConfig());
  KvCache cache = model->MakeCache(kRows, kSlots);
  const Tensor exact_BTW = model->Hidden(TokenAt(0), {}, {.cache = &cache});
  for (const WeightStorage storage : {WeightStorage::kBf16, WeightStorage::kInt8}) {
    const Tensor error_BTW = PackedModel(*model, storage).Hidden(TokenAt(0), cache) - exact_BTW;
    const double share = error_BTW.norm().item<double>() / exact_BTW.norm().item<double>();
    EXPECT_GT(share, 1e-4) << EnumName(storage);
    EXPECT_LT(share, .03) << EnumName(storage);
  }
}

TEST(PackedModel, IsNotForModelsInOtherTypes) {
  const auto model = RandomModel(ToyConfig());
  EXPECT_TRUE(PackedModel::Supports(*model));
  model->to(torch::kDouble);
  EXPECT_FALSE(PackedModel::Supports(*model));
}

TEST(PackedModel, WritesToNoSlotBeyondTheCache) {
  const torch::NoGradGuard no_grad;
  const auto model = RandomModel(ToyConfig());
  PackedModel packed(*model, WeightStorage::kF32);
  KvCache cache = model->MakeCache(kRows, 2);
  EXPECT_THROW(packed.Hidden(TokenAt(2), cache), c10::Error);
}

}  // namespace
}  // namespace tessera
