// A run that is killed at each of its writes in turn, and what becomes of it.
#include <torch/types.h>

#include "absl/strings/str_cat.h"
#include "tests/train/mortal_file_system.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

// Trains into the folder, with an empty file a step for its sheet.
absl::Status TrainWithSheets(const RunConfig& config, const TempFolder& out, TinyOptions options) {
  options.on_evaluate = NormAsLoss;
  options.on_sample = [&](int64_t step) {
    return options.files->Write(out / absl::StrCat("sheet-", step), "");
  };
  return TrainTiny(config, out.path(), options);
}

// Kills a run at each of its writes in turn, before it or half-way, and resumes it as it was begun.
void ExpectResumesToTheSameFiles(const std::vector<std::string>& keys, const std::string& from,
                                 bool half_way) {
  std::vector<std::string> all = {"train.steps=3",     "train.checkpoint_every=2",
                                  "train.log_every=2", "train.evaluate_every=1",
                                  "train.keep=1",      "train.batch=1"};
  all.insert(all.end(), keys.begin(), keys.end());
  const RunConfig config = TinyRun(all);
  const TempFolder uncut;
  ASSERT_TRUE(TrainWithSheets(config, uncut, {.from = from}).ok());
  bool survived = false;
  for (int changes = 0; !survived; ++changes) {
    ASSERT_LT(changes, 200);
    const TempFolder killed;
    const auto mortal = std::make_shared<MortalFileSystem>(changes, half_way);
    const auto files = std::make_shared<const Files>(RetryPolicy(), mortal);
    survived = TrainWithSheets(config, killed, {.from = from, .files = files}).ok();
    const absl::Status resumed = TrainWithSheets(config, killed, {.resume = true, .from = from});
    ASSERT_TRUE(resumed.ok()) << resumed << " after " << changes << " changes";
    EXPECT_EQ(LogOf(killed.path()), LogOf(uncut.path())) << changes;
    EXPECT_EQ(DifferentFiles(CheckpointsIn(killed.path()), CheckpointsIn(uncut.path())),
              FileNames())
        << changes;
    for (int step = 1; step <= 3; ++step) {
      EXPECT_TRUE(std::filesystem::exists(killed / absl::StrCat("sheet-", step))) << changes;
    }
  }
}

TEST(KilledRun, ResumesToTheSameFilesWhicheverWriteWasItsLast) {
  ExpectResumesToTheSameFiles({}, "", /*half_way=*/false);
}

TEST(KilledRun, ResumesToTheSameFilesWhicheverWriteItLeftHalfDone) {
  ExpectResumesToTheSameFiles({}, "", /*half_way=*/true);
}

TEST(KilledRun, WithAdaptersResumesOnItsBaseWhicheverWriteWasItsLast) {
  const TempFolder base;
  ASSERT_TRUE(TrainTiny(TinyRun({"train.steps=1"}), base.path()).ok());
  ExpectResumesToTheSameFiles({"train.adapter.kind=lora", "train.adapter.dropout=0.1"}, base.path(),
                              /*half_way=*/false);
}

}  // namespace
}  // namespace tessera
