// Every order, with all positions and masks, in the gradient of a step and in generation.
#include <gtest/gtest.h>

#include "analysis/measure/evaluate.h"
#include "infer/generator.h"
#include "sequence/packer.h"
#include "tests/infer/toy_run.h"
#include "tests/sequence/arrangements.h"
#include "tests/train/alone.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

void ExpectAGradientAndAPicture(const Arrangement& arrangement) {
  const ToyRun toy({{2, 2}}, arrangement);
  const Document told = {{"a red dot", NoisePicture(4, 4, 1)}};
  const Batch batch = PackRows({Layout(told, toy.layout, toy.tokenizer)}, {{0}}, toy.layout.patch);
  TrainConfig config;
  AddGradientAlone(*toy.model, {.batches = {batch}}, config);
  for (const char* name : {"embed_tokens", "model.layers.0.self_attn.q_proj.weight"}) {
    const Tensor gradient = toy.model->named_parameters()[name].grad();
    EXPECT_TRUE(gradient.isfinite().all().item<bool>()) << NameOf(arrangement);
    EXPECT_GT(gradient.abs().max().item<double>(), 0) << NameOf(arrangement);
  }
  if (!arrangement.generates_images()) {
    return;
  }
  const auto drawn = Generate(*toy.model, toy.tokenizer, toy.layout, ToyGenerate(),
                              {.prompts = {{{"a red dot"}}}, .until = Until::kImage});
  EXPECT_EQ(AsImage(drawn[0].segments.back())->width, 4) << NameOf(arrangement);
}

TEST(Arrangement, EveryCombinationHasAGradientAndDrawsAPicture) {
  for (const PatchOrder order : EveryValue<PatchOrder>()) {
    for (const Positions positions : EveryValue<Positions>()) {
      for (const AttentionMask mask : EveryValue<AttentionMask>()) {
        ExpectAGradientAndAPicture(
            {.order = order, .positions = positions, .mask = mask, .block = 2});
      }
    }
  }
}

// Morton's blocks of four are cells of 2x2 patches.
TEST(Arrangement, WithAJointHeadTrainsResumesIsEvaluatedAndDraws) {
  const RunConfig config =
      TinyRun({"train.steps=3", "train.keep=9", "model.patch=4", "model.grids=[\"4x4\"]",
               "model.order=morton", "model.mask=block-causal", "model.block_head=joint",
               "generate.guidance=2"});
  const TempFolder uncut, cut;
  const absl::Status trained = TrainTiny(config, uncut.path());
  ASSERT_TRUE(trained.ok()) << trained;
  ASSERT_TRUE(TrainTiny(config, cut.path(), {.stop_after = 1}).ok());
  ASSERT_TRUE(TrainTiny(config, cut.path(), {.resume = true}).ok());
  std::filesystem::remove_all(cut / "checkpoints/step-000001");
  EXPECT_EQ(DifferentFiles(CheckpointsIn(cut.path()), CheckpointsIn(uncut.path())), FileNames());

  const auto files = std::make_shared<const Files>();
  const auto run = LoadRun(uncut.path(), *files);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->model->config().arrangement.joint_patches(), 4);
  const std::shared_ptr<const Dataset> dataset = *OpenDataset(run->config, Split::kTest, files);
  const EvaluateOptions options{.count = 2, .batch = 2, .on_progress = {}};
  const auto loss = EvaluateLoss(*run, dataset, options);
  ASSERT_TRUE(loss.ok()) << loss.status();
  EXPECT_GT(loss->image, 0);
  EXPECT_TRUE(std::isfinite(EvaluateLikelihood(*run, {dataset, dataset, nullptr}, options)->bits));
  const auto drawn = Generate(*run->model, run->tokenizer, run->layout, run->config.generate,
                              {.prompts = {{{"a red dot"}}}, .until = Until::kImage});
  EXPECT_EQ(AsImage(drawn[0].segments.back())->width, 16);
}

TEST(Arrangement, IsTrainedAndLoadedByTheKeysOfTheModel) {
  const TempFolder folder;
  const std::string out = folder.path() + "/run";
  const RunConfig config = TinyRun({"train.steps=1", "model.order=random", "model.positions=tie-v2",
                                    "model.mask=block-causal", "model.block=2"});
  ASSERT_TRUE(TrainTiny(config, out).ok());
  const auto run = LoadRun(out, Files());
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->layout.arrangement,
            (Arrangement{PatchOrder::kRandom, Positions::kTieV2, AttentionMask::kBlockCausal, 2}));
  EXPECT_EQ(run->model->config().arrangement, run->layout.arrangement);
}

std::string ErrorOf(const std::string& text) {
  ModelConfig config;
  return std::string(FromToml(text, "r.toml", {}, &config).message());
}

TEST(Arrangement, RefusesWhatHasNoEffectOrCannotBe) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "has no effect", ErrorOf("block = 2"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "block must be at least 1",
                      ErrorOf("mask = 'block-causal'\nblock = 0"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "need heads of 4 numbers or more",
                      ErrorOf("positions = 'tie'\nwidth = 8\nheads = 4"));
  EXPECT_EQ(ErrorOf("width = 8\nheads = 4"), "");
  EXPECT_EQ(ErrorOf("mask = 'block-causal'\nblock = 3\npositions = 'm-rope'"), "");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "has no effect", ErrorOf("block_head = 'joint'"));
  EXPECT_EQ(ErrorOf("mask = 'block-causal'\nblock_head = 'joint'"), "");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "head codes writes one patch",
                      ErrorOf("mask = 'block-causal'\nblock_head = 'joint'\nhead.kind = 'codes'\n"
                              "autoencoder.path = 'runs/none'"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "could not be drawn as objective masked asks",
                      ErrorOf("mask = 'block-diagonal'\nobjective = 'masked'"));
}

std::string ErrorOfRun(const std::vector<std::string>& overrides) {
  RunConfig config;
  return std::string(FromToml(kTinyRecipe, "r.toml", overrides, &config).message());
}

TEST(Arrangement, WhatHidesTooMuchOrShowsTooMuchOfAPictureIsNotLearntToDraw) {
  for (const char* choice : {"model.mask=block-diagonal", "model.input.kind=resampler"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "set train.image_weight = 0",
                        ErrorOfRun({choice, "train.image_weight=1"}));
    EXPECT_EQ(ErrorOfRun({choice, "train.image_weight=0"}), "");
    EXPECT_EQ(ErrorOfRun({choice}), "");  // the default fits the choice
  }
}

}  // namespace
}  // namespace tessera
