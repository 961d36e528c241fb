#include "analysis/lab/sample_lab.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "analysis/lab/sample_lab_page.h"
#include "analysis/lab/true_conditions.h"
#include "infer/generator.h"
#include "run/amed_file.h"
#include "tests/analysis/list_dataset.h"
#include "tests/analysis/untrained_run.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

// Random where it starts at 0, so that conditions and times matter.
Run RandomRun(const std::vector<std::string>& overrides) {
  Run run = UntrainedRun(overrides).value();
  const torch::NoGradGuard no_grad;
  torch::manual_seed(5);
  for (Tensor& parameter : run.model->parameters()) {
    parameter.add_(at::randn_like(parameter) * .1);
  }
  return run;
}

LabResult Lab(const Run& run, const LabOptions& options) {
  const auto result = CompareSamplers(run, std::make_shared<const Files>(), options);
  EXPECT_TRUE(result.ok()) << result.status();
  return *result;
}

const LabRow* Find(const LabResult& result, const std::string& name, int64_t steps) {
  const auto found = std::ranges::find_if(result.rows, [&](const LabRow& row) {
    return row.name == name && row.sampler.steps == steps;
  });
  return found == result.rows.end() ? nullptr : &*found;
}

// What generation met when it drew a picture is what the document with that picture tells.
TEST(TrueConditions, AreThoseThatGenerationMeetsOnItsWayToTheSamePicture) {
  for (const char* mask : {"causal", "prefix", "block-causal"}) {
    const auto run =
        RandomRun({"generate.guidance=2", "generate.image_guidance=1.5",
                   "generate.guidance_schedule=ramp", "model.mask=" + std::string(mask),
                   "model.grids=[\"4x4\"]", "data.shapes.variant=stories"});
    const auto story =
        OpenDataset(run.config, Split::kTest, std::make_shared<const Files>()).value()->Get(0);
    std::vector<Conditions> met;
    GenerateRequest request{.prompts = {{{story->segments[0]}}}, .until = Until::kImage};
    request.on_conditions = [&](const Conditions& conditions) { met.push_back(conditions); };
    const std::vector<Document> drawn =
        Generate(*run.model, run.tokenizer, run.layout, run.config.generate, request);
    const auto told = TrueConditions(run, ListDataset(drawn), 1);
    ASSERT_TRUE(told.ok()) << told.status();
    for (size_t condition = 0; condition < 3; ++condition) {
      std::vector<Tensor> z, weight;
      for (const Conditions& conditions : met) {
        z.push_back(conditions.guidance[condition].z_NZ);
        weight.push_back(conditions.guidance[condition].weight_N1);
      }
      EXPECT_TRUE(at::allclose(told->guidance[condition].z_NZ, at::cat(z), 1e-3, 1e-4))
          << mask << condition;
      EXPECT_TRUE(at::allclose(told->guidance[condition].weight_N1, at::cat(weight)))
          << mask << condition;
    }
  }
}

TEST(CompareSamplers, FindsTheReferenceItselfWithoutErrorAndOthersNearingIt) {
  const LabResult result =
      Lab(RandomRun({"generate.guidance=2"}),
          {.conditions = 8, .draws = 2, .steps = {2, 8, 64}, .reference_steps = 64, .pictures = 0});
  EXPECT_EQ(result.conditions, 8);
  EXPECT_EQ(Find(result, "midpoint", 64)->error, 0);
  EXPECT_EQ(Find(result, "dpm-solver-2", 64)->error, 0);
  // dpm++3m is left out: on the grid `time` its error grew with the steps.
  for (const char* name : {"ddim", "euler", "heun", "midpoint", "ab2", "dpm++2m", "dpm-solver-2",
                           "ipndm", "ipndm-v"}) {
    const LabRow *coarse = Find(result, name, 2), *fine = Find(result, name, 64);
    ASSERT_NE(coarse, nullptr) << name;
    EXPECT_LT(fine->error, coarse->error) << name;
    EXPECT_EQ(fine->evaluations, Evaluations(fine->sampler)) << name;
    EXPECT_GT(fine->seconds, 0) << name;
  }
  // On the flow schedule ddim without noise is euler.
  EXPECT_NEAR(Find(result, "ddim", 8)->error, Find(result, "euler", 8)->error, 1e-5);
  for (const char* name : {"ddpm", "ddim, eta 1", "flow-sde"}) {
    EXPECT_TRUE(std::isnan(Find(result, name, 8)->error)) << name;
    EXPECT_TRUE(std::isfinite(Find(result, name, 8)->energy)) << name;
  }
  EXPECT_EQ(Find(result, "amed", 2), nullptr);  // none is fitted
}

TEST(CompareSamplers, KnowsThatExactDrawsAreAsNearAsTheFloor) {
  const LabResult result =
      Lab(RandomRun({}),
          {.conditions = 16, .draws = 4, .steps = {32}, .reference_steps = 32, .pictures = 0});
  EXPECT_EQ(Find(result, "midpoint", 32)->energy, result.floor_energy);
  EXPECT_LT(std::abs(result.floor_energy), 4 * result.floor_energy_error);
}

TEST(CompareSamplers, LeavesOutWhatTheScheduleForbidsAndDrawsByTheRest) {
  const auto run = RandomRun({"model.head.diffusion.schedule=cosine", "generate.sampler.kind=ddim",
                              "generate.guidance=2"});
  const LabResult result =
      Lab(run, {.conditions = 2, .draws = 2, .steps = {2, 4}, .reference_steps = 4, .pictures = 2});
  EXPECT_EQ(Find(result, "heun", 4), nullptr);
  ASSERT_NE(Find(result, "ddpm", 4), nullptr);
  EXPECT_EQ(result.reference.kind, SamplerKind::kDdim);
  EXPECT_EQ(result.captions.size(), 2);
  std::set<std::string> names, drawn;
  for (const LabRow& row : result.rows) {
    names.insert(row.name);
  }
  for (const LabPictures& pictures : result.pictures) {
    drawn.insert(pictures.name);
    EXPECT_EQ(pictures.images.size(), 2);
  }
  EXPECT_EQ(names, drawn);
  const std::string page = LabPage(result, run, "lab");
  EXPECT_EQ(page.find("http"), std::string::npos);
  EXPECT_NE(page.find("ipndm-v"), std::string::npos);
  EXPECT_EQ(LabJson(result).Find("rows")->AsArray()->size(), result.rows.size());
}

TEST(CompareSamplers, RefusesAHeadThatDrawsWithoutSteps) {
  const auto run = RandomRun({"model.head.kind=gmm", "generate.sampler.steps=10"});
  const auto result = CompareSamplers(run, std::make_shared<const Files>(), {});
  EXPECT_NE(std::string(result.status().message()).find("without steps"), std::string::npos);
}

TEST(CompareSamplers, ShowsEveryFittedPredictorAndSaysWhyOneIsLeftOut) {
  auto run = RandomRun({"generate.guidance=2"});
  const TempFolder folder;
  run.checkpoint = folder.path();
  AmedSettings settings{.amed = {.hidden = 6}, .generate = run.config.generate};
  settings.generate.sampler = {
      .kind = SamplerKind::kAmed, .steps = 2, .sigma_min = .2, .last_look = true};
  const auto save = [&] {
    return SaveAmed(folder.path(), settings, AmedPredictor(settings.amed, run.model->joint_dim()),
                    Files());
  };
  ASSERT_TRUE(save().ok());
  settings.generate.sampler.steps = 3;
  settings.generate.guidance = 4;
  ASSERT_TRUE(save().ok());
  const LabResult result = Lab(run, {.path = folder.path(),
                                     .conditions = 2,
                                     .draws = 2,
                                     .steps = {4},
                                     .reference_steps = 4,
                                     .pictures = 0});
  ASSERT_NE(Find(result, "amed", 2), nullptr);
  EXPECT_EQ(Find(result, "amed", 2)->evaluations, 5);
  EXPECT_EQ(Find(result, "amed", 3), nullptr);
  ASSERT_EQ(result.refused.size(), 1u);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "guidance=4", result.refused[0]);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "Left out: sampler amed", LabPage(result, run, "lab"));
  EXPECT_EQ(LabJson(result).Find("refused")->AsArray()->size(), 1u);
}

}  // namespace
}  // namespace tessera
