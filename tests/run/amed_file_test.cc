#include "run/amed_file.h"

#include <gtest/gtest.h>

#include "ops/random.h"
#include "tests/files/temp_folder.h"
#include "tests/infer/toy_run.h"

namespace tessera {
namespace {

// A run whose sampler is amed, in a folder that stands for a checkpoint.
class AmedFile : public testing::Test {
 protected:
  AmedFile() {
    run_.learner = run_.model = ToyRun().model;
    run_.config.generate.sampler = {.kind = SamplerKind::kAmed, .steps = 3, .analytic_first = true};
    run_.config.generate.guidance = 2;
    run_.checkpoint = folder_.path();
  }

  absl::Status Save(const GenerateConfig& generate) {
    const AmedSettings settings{.amed = {.hidden = 6}, .generate = generate};
    return SaveAmed(folder_.path(), settings, AmedPredictor(settings.amed, run_.model->patch_dim()),
                    Files());
  }

  absl::Status Load() { return LoadAmed(folder_.path(), Files(), &run_); }

  const TempFolder folder_;
  tessera::Run run_{{}, Toy().tokenizer, Toy().layout};
};

TEST_F(AmedFile, GivesTheHeadItsPredictor) {
  std::vector<at::Generator> rngs = {MakeGenerator(torch::kCPU, 1, Stream::kTest, 0)};
  const Tensor z_NZ = torch::zeros({1, run_.model->config().width});
  const Conditions conditions{.guidance = {{z_NZ, torch::ones({1, 1})}}};
  const auto draw = [&] {
    return run_.model->image_head().Sample(conditions, {run_.config.generate.sampler, run_.amed},
                                           rngs);
  };
  EXPECT_THROW(draw(), c10::Error);
  ASSERT_TRUE(Save(run_.config.generate).ok());
  const absl::Status status = Load();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(at::isfinite(draw()).all().item<bool>());
}

TEST_F(AmedFile, IsNotAskedForByOtherSamplers) {
  run_.config.generate.sampler = {};
  EXPECT_TRUE(Load().ok());
}

void ExpectSaid(const absl::Status& status, const std::string& what) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, what, std::string(status.message()));
}

TEST_F(AmedFile, SaysWhatToDoWithoutAPredictor) {
  ExpectSaid(Load(), "has no predictor; fit one with `tessera amed ");
  ASSERT_TRUE(Save(run_.config.generate).ok());
  run_.config.generate.sampler.steps = 4;
  ExpectSaid(Load(), "for 7 evaluations but for 5; use it with --set sampler.steps=3, or");
}

TEST_F(AmedFile, SaysWhatDiffersFromWhatItWasFittedFor) {
  ASSERT_TRUE(Save(run_.config.generate).ok());
  run_.config.generate.guidance = 3;
  ExpectSaid(Load(), "use it with --set guidance=2.0, or fit one");
  ExpectSaid(Load(), "--evaluations 5 --set generate.guidance=3.0`");
  run_.config.generate.guidance = 2;
  run_.config.generate.sampler.sigma_max = 20;
  ExpectSaid(Load(), "use it with --set sampler.sigma_max=80.0, or");
  run_.config.generate.sampler.sigma_max = 80;
  run_.config.generate.sampler.temperature = .9;  // scales the first noise: the same curves
  EXPECT_TRUE(Load().ok());
}

TEST_F(AmedFile, HoldsOneForEachNumberOfEvaluationsAndReplacesOne) {
  ASSERT_TRUE(Save(run_.config.generate).ok());
  GenerateConfig other = run_.config.generate;
  other.sampler.last_look = true;  // as many steps, another evaluation
  ASSERT_TRUE(Save(other).ok());
  EXPECT_TRUE(Load().ok());
  other = run_.config.generate;
  other.guidance = 1;
  ASSERT_TRUE(Save(other).ok());
  EXPECT_FALSE(Load().ok());  // replaced by one for another guidance
  run_.config.generate = other;
  EXPECT_TRUE(Load().ok());
}

TEST_F(AmedFile, FindsOneInAFolderThatAnEarlierVersionNamedByItsSteps) {
  ASSERT_TRUE(Save(run_.config.generate).ok());
  ASSERT_TRUE(
      Files().Rename(folder_ / "amed/evaluations-000005", folder_ / "amed/step-000003").ok());
  EXPECT_TRUE(Load().ok());
}

TEST_F(AmedFile, RefusesThePredictorOfAnotherHead) {
  const AmedSettings settings{.amed = {}, .generate = run_.config.generate};
  ASSERT_TRUE(SaveAmed(folder_.path(), settings, AmedPredictor({}, 5), Files()).ok());
  ExpectSaid(Load(), "amed.safetensors");
}

}  // namespace
}  // namespace tessera
