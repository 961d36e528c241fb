#include "model/patch_embedder.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <functional>

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

std::vector<InputKind> AllKinds() {
  std::vector<InputKind> kinds;
  for (size_t i = 0; i < EnumNames(InputKind()).size(); ++i) {
    kinds.push_back(static_cast<InputKind>(i));
  }
  return kinds;
}

// Those that embed each patch alone.
std::vector<InputKind> Kinds() {
  std::vector<InputKind> kinds = AllKinds();
  std::erase(kinds, InputKind::kResampler);
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

std::shared_ptr<PatchEmbedder> MakeResampler(int64_t slots) {
  torch::manual_seed(3);
  return MakePatchEmbedder({.kind = InputKind::kResampler}, kPatch, kWidth, nullptr, slots);
}

TEST(Resampler, ShowsEachSlotAllPatchesOfItsPictureAndOfNoOther) {
  const torch::NoGradGuard no_grad;
  const auto resampler = MakeResampler(3);
  const Tensor patch_PD = Pixels(9), e_PW = resampler->Embed(patch_PD);
  EXPECT_EQ(e_PW.sizes(), (at::IntArrayRef{9, kWidth}));
  for (int64_t changed = 0; changed < 9; ++changed) {
    Tensor other_PD = patch_PD.clone();
    other_PD[changed].neg_();
    const Tensor f_PW = resampler->Embed(other_PD);
    for (int64_t i = 0; i < 9; ++i) {
      EXPECT_EQ(torch::allclose(e_PW[i], f_PW[i], 0, 1e-6), i / 3 != changed / 3) << changed << i;
    }
  }
}

// For one head: softmax(q k / sqrt(W)) over the patches, by hand.
TEST(Resampler, IsTheCrossAttentionOfItsQueries) {
  const torch::NoGradGuard no_grad;
  const auto resampler =
      MakePatchEmbedder({.kind = InputKind::kResampler, .heads = 1}, kPatch, kWidth, nullptr, 2);
  const auto p = [&](const char* name) { return resampler->named_parameters()[name]; };
  const Tensor patch_PD = Pixels(2), e_PW = resampler->Embed(patch_PD);
  const Tensor x_PW = at::matmul(patch_PD, p("weight").t()) + p("place");
  const Tensor key_PW = at::matmul(x_PW, p("key").t()), value_PW = at::matmul(x_PW, p("value").t());
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor share_P = at::softmax(at::mv(key_PW, p("query")[i]) / std::sqrt(kWidth), 0);
    const Tensor read_W = at::mv(p("out"), at::mv(value_PW.t(), share_P)) + p("bias");
    EXPECT_TRUE(torch::allclose(e_PW[i], read_W, 1e-4, 1e-5)) << i;
  }
}

TEST(Resampler, RefusesHalfAPicture) {
  EXPECT_THROW(MakeResampler(4)->Embed(Pixels(6)), c10::Error);
}

std::string ProblemOf(const std::function<void(ModelConfig*)>& change) {
  ModelConfig config = ToyConfig();
  config.input.kind = InputKind::kResampler;
  change(&config);
  return config.Problem();
}

TEST(Resampler, RefusesWhatHasNoPlaceInALearnedOrder) {
  EXPECT_EQ(ProblemOf([](ModelConfig*) {}), "");
  for (const auto& [change, words] :
       {std::pair<std::function<void(ModelConfig*)>, const char*>{[](ModelConfig* config) {
                                                                    config->grids = {"2x2", "1x3"};
                                                                  },
                                                                  "name one grid"},
        {[](ModelConfig* config) { config->input.heads = 3; }, "must divide width"},
        {[](ModelConfig* config) { config->arrangement.order = PatchOrder::kSnake; },
         "leave order at raster"},
        {[](ModelConfig* config) { config->arrangement.positions = Positions::kTie; },
         "positions at rope1d"},
        {[](ModelConfig* config) { config->arrangement.objective = ObjectiveKind::kMasked; },
         "before they are drawn"}}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, words, ProblemOf(change));
  }
}

TEST(PatchEmbedder, EveryKindTrainsInAModel) {
  for (const InputKind kind : AllKinds()) {
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
