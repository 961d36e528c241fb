#include "model/patch_embedder.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/model/toy_batch.h"

namespace tessera {
namespace {

constexpr int64_t kPatch = 4, kDim = 48, kWidth = 64;

std::shared_ptr<PatchEmbedder> Make(InputConfig config) {
  torch::manual_seed(3);
  const AutoencoderConfig fsq{.kind = AutoencoderKind::kFsq, .width = 16, .depth = 1};
  return MakePatchEmbedder(config, kPatch, kWidth, std::make_shared<PatchAutoencoder>(fsq, kDim));
}

// 8-bit pixels.
Tensor Pixels(int64_t patches) {
  torch::manual_seed(4);
  return (at::randint(0, 256, {patches, kDim}) / 127.5 - 1).to(torch::kFloat32);
}

Tensor Codes(const Tensor& x) { return at::round((x + 1) * 127.5).to(torch::kLong); }

std::vector<InputKind> Kinds() {
  std::vector<InputKind> kinds;
  for (size_t i = 0; i < EnumNames(InputKind()).size(); ++i) {
    kinds.push_back(static_cast<InputKind>(i));
  }
  return kinds;
}

int64_t Rank(const PatchEmbedder& embedder) {
  return at::linalg_matrix_rank(JacobianAt(embedder, Pixels(1)[0])).item<int64_t>();
}

TEST(PatchEmbedder, EmbedsEachPatchAlone) {
  const torch::NoGradGuard no_grad;
  const Tensor patch_PD = Pixels(5);
  Tensor other_PD = patch_PD.clone();
  other_PD[2].neg_();
  for (const InputKind kind : Kinds()) {
    const auto embedder = Make({.kind = kind});
    const Tensor e_PW = embedder->Embed(patch_PD), f_PW = embedder->Embed(other_PD);
    EXPECT_EQ(e_PW.sizes(), (at::IntArrayRef{5, kWidth}));
    for (int64_t i = 0; i < 5; ++i) {
      EXPECT_EQ(torch::allclose(e_PW[i], f_PW[i], 0, 1e-6), i != 2) << EnumName(kind) << i;
    }
  }
}

TEST(PatchEmbedder, IsLosslessWhereItsJacobianHasFullRank) {
  for (const InputKind kind : Kinds()) {
    const int64_t rank = kind == InputKind::kCodes ? 0 : kDim;
    EXPECT_EQ(Rank(*Make({.kind = kind})), rank) << EnumName(kind);
  }
  EXPECT_EQ(Rank(*Make({.kind = InputKind::kBottleneck, .rank = 7})), 7);
}

TEST(PatchEmbedder, GivesThePixelsBackWhereItIsAMatrixOfFullRank) {
  const torch::NoGradGuard no_grad;
  const Tensor patch_PD = Pixels(20);
  for (const InputConfig& config :
       {InputConfig{}, InputConfig{.kind = InputKind::kBottleneck, .rank = kDim}}) {
    const auto embedder = Make(config);
    const Tensor back_PD = RecoverPatches(*embedder, embedder->Embed(patch_PD));
    EXPECT_TRUE(torch::equal(Codes(back_PD), Codes(patch_PD))) << EnumName(config.kind);
  }
  const auto narrow = Make({.kind = InputKind::kBottleneck, .rank = kDim - 1});
  const Tensor back_PD = RecoverPatches(*narrow, narrow->Embed(patch_PD));
  EXPECT_FALSE(torch::equal(Codes(back_PD), Codes(patch_PD)));
}

TEST(PatchEmbedder, ItsJacobianIsThatOfFiniteDifferences) {
  for (const InputKind kind : Kinds()) {
    const auto embedder = Make({.kind = kind});
    embedder->to(torch::kFloat64);
    const torch::NoGradGuard no_grad;
    const Tensor x_D = Pixels(1)[0].to(torch::kFloat64);
    const Tensor jacobian_WD = JacobianAt(*embedder, x_D);
    constexpr double kStep = 1e-5;
    for (const int64_t number : {0, 17, 47}) {
      Tensor up_D = x_D.clone(), down_D = x_D.clone();
      up_D[number] += kStep;
      down_D[number] -= kStep;
      const Tensor slope_W =
          (embedder->Embed(up_D.unsqueeze(0)) - embedder->Embed(down_D.unsqueeze(0)))[0] /
          (2 * kStep);
      EXPECT_TRUE(torch::allclose(jacobian_WD.select(1, number), slope_W, 1e-6, 1e-8))
          << EnumName(kind);
    }
  }
}

TEST(PatchEmbedder, EveryKindTrainsInAModel) {
  for (const InputKind kind : Kinds()) {
    ModelConfig config = ToyConfig();
    config.input.kind = kind;
    if (kind == InputKind::kCodes) {
      config.autoencoder = {.kind = AutoencoderKind::kFsq, .path = "run"};
    }
    const auto model = ToyModel(config);
    const ModelLoss loss = model->Loss(ToyBatch(2, 1), {1, 1}, at::detail::createCPUGenerator(1));
    loss.total.backward();
    for (const auto& item : model->named_parameters()) {
      if (item.key().starts_with("patch_embedder")) {
        EXPECT_GT(item.value().grad().abs().sum().item<double>(), 0) << item.key();
      }
    }
  }
}

}  // namespace
}  // namespace tessera
