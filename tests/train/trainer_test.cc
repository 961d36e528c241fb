#include "train/trainer.h"

#include <ATen/Functions.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "data/document_writer.h"
#include "tests/files/faulty_file_system.h"
#include "tests/sequence/toy_documents.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

TEST(Train, CutAndResumedEndsInTheSameBytesAsUncut) {
  for (const char* threads : {"data.threads=0", "data.threads=2"}) {
    const RunConfig config = TinyRun({"train.optimizer.kind=muon", "train.precision=bf16",
                                      "train.accumulate=2", "train.keep=9", threads});
    const TempFolder uncut, cut;
    ASSERT_TRUE(TrainTiny(config, uncut.path()).ok());
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.stop_after = 3}).ok());
    EXPECT_EQ(CheckpointsOf(cut.path(), Files()).Latest()->step, 3);
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.resume = true}).ok());
    std::filesystem::remove_all(cut / "checkpoints/step-000003");
    EXPECT_EQ(DifferentFiles(CheckpointsIn(cut.path()), CheckpointsIn(uncut.path())), FileNames())
        << threads;
    EXPECT_EQ(LogOf(cut.path()), LogOf(uncut.path())) << threads;
  }
}

// The line in which it was cut too: its means, and losses that were measured before the cut.
TEST(Train, CutAnywhereAndResumedWritesTheLogOfTheUncutRun) {
  const RunConfig config = TinyRun({"train.log_every=4", "train.evaluate_every=3"});
  const TempFolder uncut;
  ASSERT_TRUE(TrainTiny(config, uncut.path(), {.on_evaluate = NormAsLoss}).ok());
  EXPECT_EQ(LogOf(uncut.path()).size(), 2);  // steps 4 and 6
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "held_out_text_loss", LogOf(uncut.path())[0]);
  for (int64_t step = 1; step <= 6; ++step) {
    const TempFolder cut;
    const TinyOptions begin{.stop_after = step, .on_evaluate = NormAsLoss};
    ASSERT_TRUE(TrainTiny(config, cut.path(), begin).ok());
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.resume = true, .on_evaluate = NormAsLoss}).ok());
    EXPECT_EQ(LogOf(cut.path()), LogOf(uncut.path())) << step;
  }
}

TEST(Train, IsTheSameWhateverTheNumberOfLoaderThreads) {
  const TempFolder none, two;
  ASSERT_TRUE(TrainTiny(TinyRun({"data.threads=0"}), none.path()).ok());
  ASSERT_TRUE(TrainTiny(TinyRun({"data.threads=2"}), two.path()).ok());
  EXPECT_EQ(LogOf(none.path()), LogOf(two.path()));
}

TEST(Train, KilledAfterItsLastCheckpointWritesTheSameLogAgain) {
  const RunConfig config =
      TinyRun({"train.log_every=2", "train.checkpoint_every=3", "train.keep=9"});
  const TempFolder uncut, killed;
  ASSERT_TRUE(TrainTiny(config, uncut.path()).ok());
  EXPECT_EQ(LogOf(uncut.path()).size(), 3);  // steps 2, 4, 6
  std::filesystem::copy(uncut.path(), killed.path(), std::filesystem::copy_options::recursive);
  std::filesystem::remove_all(killed / "checkpoints/step-000006");
  std::ofstream(killed / "log.jsonl", std::ios::app) << R"({"step": 7, "min)";
  ASSERT_TRUE(TrainTiny(config, killed.path(), {.resume = true}).ok());
  EXPECT_EQ(LogOf(killed.path()), LogOf(uncut.path()));
  EXPECT_EQ(DifferentFiles(CheckpointsIn(killed.path()), CheckpointsIn(uncut.path())), FileNames());
}

TEST(Train, ResumedWithoutACheckpointBeginsAndForgetsTheOldLog) {
  const TempFolder fresh, killed;
  killed.Write("log.jsonl", R"({"step": 1, "text_loss": 9})"
                            "\n");
  ASSERT_TRUE(TrainTiny(TinyRun(), fresh.path()).ok());
  ASSERT_TRUE(TrainTiny(TinyRun(), killed.path(), {.resume = true}).ok());
  EXPECT_EQ(LogOf(killed.path()), LogOf(fresh.path()));
}

TEST(Train, DoesNotBeginOverACheckpoint) {
  const TempFolder folder;
  ASSERT_TRUE(TrainTiny(TinyRun({"train.steps=1"}), folder.path()).ok());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "continue it with --resume",
                      std::string(TrainTiny(TinyRun(), folder.path()).message()));
}

TEST(Train, RefusesAFolderInWhichAnotherTrains) {
  const TempFolder folder;
  absl::Status second;
  const auto train_again = [&](int64_t) {
    second = TrainTiny(TinyRun(), folder.path(), {.resume = true});
    return absl::OkStatus();
  };
  ASSERT_TRUE(
      TrainTiny(TinyRun({"train.steps=1"}), folder.path(), {.on_sample = train_again}).ok());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "another process works in",
                      std::string(second.message()));
}

TEST(Train, ResumesForMoreStepsButNotAsAnotherRun) {
  const TempFolder folder;
  ASSERT_TRUE(TrainTiny(TinyRun({"train.steps=2"}), folder.path()).ok());
  const absl::Status other = TrainTiny(TinyRun({"train.optimizer.lr=0.5", "model.width=32"}),
                                       folder.path(), {.resume = true});
  EXPECT_PRED_FORMAT2(
      testing::IsSubstring,
      "model.width was 16, is 32; train.optimizer.lr was 0.003, is 0.5; resume with those",
      std::string(other.message()));
  ASSERT_TRUE(TrainTiny(TinyRun({"train.steps=3"}), folder.path(), {.resume = true}).ok());
  EXPECT_EQ(CheckpointsOf(folder.path(), Files()).Latest()->step, 3);
}

// Weight decay beyond 2 / lr makes every parameter grow, until none of their losses is finite.
TEST(Train, StopsAtALossThatIsNotFiniteAndLeavesAGoodCheckpoint) {
  const RunConfig config =
      TinyRun({"train.optimizer.lr=1e4", "train.optimizer.weight_decay=1", "train.optimizer.clip=0",
               "train.checkpoint_every=1", "train.optimizer.kind=adamw", "train.steps=50"});
  const TempFolder folder;
  const std::string message(TrainTiny(config, folder.path()).message());
  const auto last = CheckpointsOf(folder.path(), Files()).Latest();
  ASSERT_TRUE(last.ok()) << message;
  for (const std::string& part :
       {std::string("the loss is not finite at step "), std::string(": text "),
        std::string(", image "), std::string(", gradient norm "),
        absl::StrCat("; the last checkpoint, of step ", last->step, ", is good; ")}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, message);
  }
  // It is good: the run goes on from there, to the same end.
  EXPECT_EQ(TrainTiny(config, folder.path(), {.resume = true}).message(), message);
  for (const char* name : {"/model.safetensors", "/ema.safetensors"}) {
    const auto tensors = ReadTensors(Files(), last->path + name);
    for (const auto& [key, tensor] : *tensors) {
      EXPECT_TRUE(tensor.isfinite().all().item<bool>()) << key;
    }
  }
}

// One loss an evaluation, of texts: there are no pictures.
TinyOptions WithHeldOutLosses(const std::vector<double>& losses, bool resume = false) {
  TinyOptions options{.resume = resume};
  options.on_evaluate = [losses, step = size_t{0}](const Run&, TrainReport* report) mutable {
    report->held_out_text_loss = losses.at(step++);
    return absl::OkStatus();
  };
  return options;
}

TEST(Train, KeepsTheCheckpointOfTheLeastHeldOutLoss) {
  const TempFolder folder;
  const RunConfig config = TinyRun({"train.evaluate_every=1", "train.keep=1"});
  ASSERT_TRUE(TrainTiny(config, folder.path(), WithHeldOutLosses({5, 2, INFINITY, 4, 3, 2})).ok());
  const CheckpointFolder checkpoints = CheckpointsOf(folder.path(), Files());
  ASSERT_EQ(checkpoints.List()->size(), 2);
  EXPECT_EQ(checkpoints.Latest()->step, 6);
  ASSERT_EQ(checkpoints.Best()->step, 2);
  const auto best = LoadRun(folder.path(), Files());
  const auto step2 = LoadRun(folder / "checkpoints/step-000002", Files());
  EXPECT_TRUE(torch::equal(best->model->parameters()[0], step2->model->parameters()[0]));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"held_out_text_loss\":5.0", LogOf(folder.path())[0]);
}

TEST(Train, RemembersTheLeastHeldOutLossWhenResumed) {
  const TempFolder folder;
  const RunConfig config = TinyRun({"train.evaluate_every=1"});
  TinyOptions begin = WithHeldOutLosses({2, 1, 3});
  begin.stop_after = 3;
  ASSERT_TRUE(TrainTiny(config, folder.path(), begin).ok());
  std::filesystem::remove(folder / "checkpoints/best");  // killed before it was written
  ASSERT_TRUE(TrainTiny(config, folder.path(), WithHeldOutLosses({1.5, 1.2, 1.1}, true)).ok());
  EXPECT_EQ(CheckpointsOf(folder.path(), Files()).Best()->step, 2);
}

// In the middle of a sheet of step 3; what is drawn after that is noted.
TEST(Train, SavesBeforeAnErrorOrAStopInASheetAndDrawsItAgain) {
  const RunConfig config = TinyRun({"train.sample_every=1"});
  const TempFolder uncut;
  ASSERT_TRUE(TrainTiny(config, uncut.path()).ok());
  for (const absl::Status& end :
       {absl::CancelledError("stopped"), absl::ResourceExhaustedError("the disk is full")}) {
    const TempFolder folder;
    const bool stop = absl::IsCancelled(end);
    const absl::Status status = TrainTiny(
        config, folder.path(), {.stop_after = stop ? 3 : 0, .on_sample = [&](int64_t step) {
                                  return step == 3 ? end : absl::OkStatus();
                                }});
    EXPECT_EQ(status.ok(), stop);
    EXPECT_EQ(absl::StrContains(status.message(),
                                "the disk is full; step 3 is saved: mend this and continue"),
              !stop)
        << status;
    EXPECT_EQ(CheckpointsOf(folder.path(), Files()).Latest()->step, 3);
    std::vector<int64_t> drawn;
    ASSERT_TRUE(TrainTiny(config, folder.path(),
                          {.resume = true,
                           .on_sample =
                               [&](int64_t step) {
                                 drawn.push_back(step);
                                 return absl::OkStatus();
                               }})
                    .ok());
    EXPECT_EQ(drawn, (std::vector<int64_t>{3, 4, 5, 6}));
    EXPECT_EQ(LogOf(folder.path()), LogOf(uncut.path()));
  }
}

TEST(Train, LogsTheSameLossesWhenReadsFailAtRandom) {
  const TempFolder data, sound, faulty;
  std::vector<Document> documents;
  for (uint64_t i = 0; i < 8; ++i) {
    documents.push_back({{absl::StrCat("picture ", i), NoisePicture(16, 16, i)}});
  }
  ASSERT_TRUE(WriteDocuments(Files(), data.path(), documents).ok());
  const RunConfig config = TinyRun(
      {"data.kind=documents", "data.path=" + data.path(), "data.test_share=0", "data.threads=2"});
  ASSERT_TRUE(TrainTiny(config, sound.path()).ok());
  const auto system = std::make_shared<const FaultyFileSystem>(.2, 1);
  const auto files = std::make_shared<const Files>(FilesWithoutWaiting(system));
  const absl::Status status = TrainTiny(config, faulty.path(), {.files = files});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_GT(system->faults(), 10);
  EXPECT_EQ(LogOf(faulty.path()), LogOf(sound.path()));
  EXPECT_EQ(DifferentFiles(CheckpointsIn(faulty.path()), CheckpointsIn(sound.path())), FileNames());
}

// Half of the texts are far longer than the row.
TEST(Train, CutAndResumedOnDocumentsTooLongForARowEndsInTheSameBytesAsUncut) {
  const TempFolder data;
  std::vector<Document> documents;
  for (uint64_t i = 0; i < 8; ++i) {
    std::string text = "picture";
    for (uint64_t word = 0; word < 100 * (i % 2); ++word) {
      absl::StrAppend(&text, " ", MixBits(i + 8 * word) % 1000);
    }
    documents.push_back({{text, NoisePicture(16, 16, i)}});
  }
  ASSERT_TRUE(WriteDocuments(Files(), data.path(), documents).ok());
  for (const char* too_long : {"data.too_long=cut", "data.too_long=skip"}) {
    const RunConfig config =
        TinyRun({"data.kind=documents", "data.path=" + data.path(), "data.test_share=0", too_long});
    const TempFolder uncut, cut;
    ASSERT_TRUE(TrainTiny(config, uncut.path()).ok());
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.stop_after = 3}).ok());
    ASSERT_TRUE(TrainTiny(config, cut.path(), {.resume = true}).ok());
    EXPECT_EQ(LogOf(cut.path()), LogOf(uncut.path())) << too_long;
    EXPECT_EQ(BytesOf(cut / "data.txt"), BytesOf(uncut / "data.txt"));
    EXPECT_PRED_FORMAT2(testing::IsSubstring, ": 4 of 8 documents\n", BytesOf(cut / "data.txt"));
  }
}

TEST(Train, RefusesADeviceThatIsNotThere) {
  if (torch::cuda::is_available()) {
    GTEST_SKIP() << "this machine has CUDA";
  }
  const TempFolder folder;
  EXPECT_EQ(TrainTiny(TinyRun({"train.device=cuda"}), folder / "run").message(),
            "device cuda: this machine, or the LibTorch that tessera was built with, has no CUDA; "
            "use cpu");
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

}  // namespace
}  // namespace tessera
