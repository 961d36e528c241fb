// Every objective in a whole run: it trains, resumes, is evaluated and draws.
#include <gtest/gtest.h>

#include "analysis/measure/evaluate.h"
#include "infer/generator.h"
#include "tests/infer/toy_run.h"
#include "tests/sequence/arrangements.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

TEST(Objective, EveryKindTrainsResumesIsEvaluatedAndDraws) {
  for (const ObjectiveKind objective : EveryValue<ObjectiveKind>()) {
    RunConfig config = TinyRun({"train.steps=3", "train.keep=9"});
    config.model.arrangement.objective = objective;  // past the keys of heads in the recipe
    const TempFolder uncut, cut;
    ASSERT_TRUE(TrainTiny(config, uncut.path()).ok());
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.stop_after = 1}).ok());
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.resume = true}).ok());
    std::filesystem::remove_all(cut / "checkpoints/step-000001");
    EXPECT_EQ(DifferentFiles(CheckpointsIn(cut.path()), CheckpointsIn(uncut.path())), FileNames())
        << EnumName(objective);

    const auto files = std::make_shared<const Files>();
    const auto run = LoadRun(uncut.path(), *files);
    ASSERT_TRUE(run.ok()) << run.status();
    const std::shared_ptr<const Dataset> dataset = *OpenDataset(run->config, Split::kTest, files);
    const EvaluateOptions options{.count = 2, .batch = 2, .on_progress = {}};
    const auto loss = EvaluateLoss(*run, dataset, options);
    ASSERT_TRUE(loss.ok()) << loss.status();
    EXPECT_GT(loss->image, 0) << EnumName(objective);
    const auto likelihood = EvaluateLikelihood(*run, {dataset, dataset, nullptr}, options);
    EXPECT_EQ(std::isfinite(likelihood->bits), run->model->objective().measures());
    EXPECT_EQ(run->model->objective().measures(),
              !run->config.model.arrangement.backbone_denoises());
    const auto drawn = Generate(*run->model, run->tokenizer, run->layout, run->config.generate,
                                {.prompts = {{{"a red dot"}}}, .until = Until::kImage});
    EXPECT_EQ(AsImage(drawn[0].segments.back())->width, 16) << EnumName(objective);
  }
}

GenerateConfig Guided(ObjectiveKind objective) {
  GenerateConfig config = ToyGenerate();
  config.guidance = 2;
  config.image_guidance = 1.5;
  config.input_noise = .1;
  config.rounds = 3;
  if (objective == ObjectiveKind::kWhole) {
    config.guidance_schedule = GuidanceSchedule::kConstant;
  }
  return config;
}

TEST(Objective, EveryKindContinuesADocumentInABatchAsAlone) {
  for (const ObjectiveKind objective : EveryValue<ObjectiveKind>()) {
    const ToyRun toy({{2, 2}, {1, 3}}, {.objective = objective});
    const GenerateConfig config = Guided(objective);
    const auto all = Generate(*toy.model, toy.tokenizer, toy.layout, config,
                              {.prompts = ToyPrompts(), .seed = 3});
    int64_t drawn = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      const auto alone = Generate(
          *toy.model, toy.tokenizer, toy.layout, config,
          {.prompts = {ToyPrompts()[i]}, .seed = 3, .first_index = static_cast<int64_t>(i)});
      EXPECT_EQ(alone[0], all[i]) << EnumName(objective) << " " << i;
      drawn += std::ssize(all[i].segments) > std::ssize(ToyPrompts()[i].segments);
    }
    EXPECT_GT(drawn, 0) << EnumName(objective);
  }
}

// Guidance at 1 and none are the same pictures, other guidance is not.
TEST(Objective, EveryKindHearsOfGuidance) {
  for (const ObjectiveKind objective : EveryValue<ObjectiveKind>()) {
    const ToyRun toy({{2, 2}}, {.objective = objective});
    const auto picture = [&](double guidance) {
      GenerateConfig config = ToyGenerate();
      config.guidance = guidance;
      config.guidance_schedule = GuidanceSchedule::kConstant;
      return Generate(*toy.model, toy.tokenizer, toy.layout, config,
                      {.prompts = {{{"a red dot"}}}, .until = Until::kImage})[0];
    };
    EXPECT_EQ(picture(1), picture(1)) << EnumName(objective);
    EXPECT_FALSE(picture(4) == picture(1)) << EnumName(objective);
  }
}

std::string ErrorOf(const std::vector<std::string>& overrides) {
  RunConfig config;
  return std::string(FromToml("", "r.toml", overrides, &config).message());
}

TEST(Objective, RefusesWhatHasNoEffectOrCannotBe) {
  const auto refused = [](const std::vector<std::string>& overrides, const char* why) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, why, ErrorOf(overrides)) << overrides.back();
  };
  refused({"model.objective=copies", "model.head.width=64"}, "has no effect");
  refused({"model.objective=whole", "model.head.depth=2"}, "has no effect");
  refused({"model.objective=whole", "model.order=hilbert"}, "has no effect");
  refused({"generate.rounds=4"}, "has no effect");
  refused({"model.input.kind=codes", "model.autoencoder.kind=fsq", "model.autoencoder.path=codes",
           "generate.input_noise=0.1"},
          "has no effect");
  refused({"model.objective=masked", "model.mask=block-causal"}, "use mask causal or prefix");
  refused({"model.objective=copies", "model.head.kind=gmm"}, "use kind diffusion");
  refused({"model.objective=masked", "generate.sampler.last_steps=3"}, "remove sampler.last_steps");
  refused({"model.objective=copies", "generate.sampler.kind=amed"}, "fitted to the head");
  refused({"model.objective=whole", "generate.guidance_schedule=ramp", "generate.guidance=2"},
          "use constant or interval");
  EXPECT_EQ(ErrorOf({"model.objective=masked", "generate.rounds=4", "model.head.kind=gmm"}), "");
  EXPECT_EQ(ErrorOf({"model.objective=copies", "generate.sampler.last_steps=3",
                     "model.order=hilbert", "model.mask=prefix", "model.head.diffusion.repeats=3"}),
            "");
}

}  // namespace
}  // namespace tessera
