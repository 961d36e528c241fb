#include "analysis/measure/measure.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "data/image/image_io.h"
#include "tests/analysis/untrained_run.h"
#include "tests/files/temp_folder.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

// Names of what is measured, without losses.
std::vector<std::string> Measured(const std::vector<std::string>& overrides) {
  const auto run = UntrainedRun(overrides);
  EXPECT_TRUE(run.ok()) << run.status();
  const auto metrics = Measure(*run, std::make_shared<const Files>(), {.count = 4, .batch = 4});
  EXPECT_TRUE(metrics.ok()) << metrics.status();
  std::vector<std::string> names;
  for (const auto& [name, value] : *metrics) {
    if (!absl::StrContains(name, "_error_at_") && !absl::StrContains(name, "text_") &&
        !absl::StrContains(name, "image_loss")) {
      names.push_back(name);
      EXPECT_GE(value, 0) << name;
    }
  }
  return names;
}

bool Has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// Sidecar captions for 50 noisy pictures.
void WritePictures(const TempFolder& folder, int64_t num_captions) {
  for (int64_t i = 0; i < 50; ++i) {
    const std::string name = absl::StrCat(i);
    folder.Write(name + ".png", EncodePng(NoisePicture(16, 16, i)));
    folder.Write(name + ".txt", absl::StrCat("picture ", i % num_captions));
  }
}

TEST(Measure, JudgesScenesAndCaptionsOfDrawnData) {
  const auto names = Measured({});
  for (const char* name : {"scene_accuracy", "shape_accuracy", "held_out_scene_accuracy",
                           "caption_accuracy", "seconds_per_picture"}) {
    EXPECT_TRUE(Has(names, name)) << name;
  }
}

TEST(Measure, JudgesStoriesByTurn) {
  const auto names = Measured({"data.shapes.variant=stories"});
  EXPECT_TRUE(Has(names, "scene_accuracy_turn_2"));
  EXPECT_TRUE(Has(names, "instruction_accuracy"));
  EXPECT_FALSE(Has(names, "caption_accuracy"));
}

TEST(Measure, JudgesWhatIsSaidOfTwoPictures) {
  const auto names = Measured({"data.shapes.variant=differences"});
  EXPECT_TRUE(Has(names, "difference_accuracy"));
  EXPECT_TRUE(Has(names, "held_out_difference_accuracy"));
  EXPECT_FALSE(Has(names, "scene_accuracy"));
}

TEST(Measure, DrawsNothingOfARunThatDoesNotLearnTo) {
  for (const char* choice :
       {"model.mask=causal", "model.mask=block-diagonal", "model.input.kind=resampler"}) {
    EXPECT_EQ(Measured({choice, "train.image_weight=0"}),
              (std::vector<std::string>{"count", "parameters", "training_step_gflop",
                                        "caption_accuracy", "held_out_caption_accuracy"}))
        << choice;
  }
}

TEST(Measure, RecognisesPicturesOfFewCaptions) {
  const TempFolder folder;
  WritePictures(folder, 2);
  EXPECT_EQ(
      Measured({"data.kind=image_folder", "data.path=" + folder.path()}),
      (std::vector<std::string>{
          "count", "bits_per_subpixel_bound", "bits_per_subpixel_error", "parameters",
          "training_step_gflop", "picture_gflop", "class_recognised", "class_pictures_per_caption",
          "classifier_on_true_test_pictures", "seconds_per_picture", "caption_accuracy"}));
}

TEST(Measure, RetrievesTrainingPicturesOfManyCaptions) {
  const TempFolder folder;
  WritePictures(folder, 50);
  EXPECT_EQ(Measured({"data.kind=image_folder", "data.path=" + folder.path()}),
            (std::vector<std::string>{"count", "bits_per_subpixel_bound", "bits_per_subpixel_error",
                                      "parameters", "training_step_gflop", "picture_gflop",
                                      "training_retrieval", "training_retrieval_gallery",
                                      "seconds_per_picture", "training_captions_exact",
                                      "caption_accuracy"}));
}

TEST(Measure, NamesWhatALikelihoodIsWorthWithItsNumber) {
  const auto names = Measured({"model.head.kind=mse", "generate.sampler.steps=10"});
  EXPECT_TRUE(Has(names, "bits_per_subpixel_exact"));
  EXPECT_TRUE(Has(names, "bits_per_subpixel_error"));
}

}  // namespace
}  // namespace tessera
