// A run that is killed at each of its writes in turn, and what becomes of it.
#include <torch/types.h>

#include "tests/train/mortal_file_system.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

// A measure of the parameters alone, so that it does not matter when it is taken.
absl::Status NormAsLoss(const Run& run, TrainReport* report) {
  report->held_out_text_loss = run.model->parameters()[0].norm().item<double>();
  report->held_out_image_loss = 0;
  return absl::OkStatus();
}

// Kills a run at each of its writes in turn and resumes it as it was begun.
void ExpectResumesToTheSameFiles(const std::vector<std::string>& keys, const std::string& from) {
  std::vector<std::string> all = {"train.steps=3", "train.checkpoint_every=2",
                                  "train.evaluate_every=1", "train.keep=1", "train.batch=1"};
  all.insert(all.end(), keys.begin(), keys.end());
  const RunConfig config = TinyRun(all);
  const TempFolder uncut;
  ASSERT_TRUE(TrainTiny(config, uncut.path(), {.from = from, .on_evaluate = NormAsLoss}).ok());
  bool survived = false;
  for (int changes = 0; !survived; ++changes) {
    ASSERT_LT(changes, 200);
    const TempFolder killed;
    const auto mortal = std::make_shared<MortalFileSystem>(changes);
    const auto files = std::make_shared<const Files>(RetryPolicy(), mortal);
    survived =
        TrainTiny(config, killed.path(), {.from = from, .on_evaluate = NormAsLoss, .files = files})
            .ok();
    const absl::Status resumed =
        TrainTiny(config, killed.path(), {.resume = true, .from = from, .on_evaluate = NormAsLoss});
    ASSERT_TRUE(resumed.ok()) << resumed << " after " << changes << " changes";
    EXPECT_EQ(LogOf(killed.path()), LogOf(uncut.path())) << changes;
    EXPECT_EQ(DifferentFiles(CheckpointsIn(killed.path()), CheckpointsIn(uncut.path())),
              FileNames())
        << changes;
  }
}

TEST(KilledRun, ResumesToTheSameFilesWhicheverWriteWasItsLast) {
  ExpectResumesToTheSameFiles({}, "");
}

TEST(KilledRun, WithAdaptersResumesOnItsBaseWhicheverWriteWasItsLast) {
  const TempFolder base;
  ASSERT_TRUE(TrainTiny(TinyRun({"train.steps=1"}), base.path()).ok());
  ExpectResumesToTheSameFiles({"train.adapter.kind=lora", "train.adapter.dropout=0.1"},
                              base.path());
}

}  // namespace
}  // namespace tessera
