// `tessera ablate`, driven as a process: killed and continued, and with runs that come to nothing.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "files/json.h"
#include "tests/cli/process.h"

namespace tessera {
namespace {

// Two axes of 2 and 3 values, the second of settings that belong together, and two seeds.
constexpr char kStudy[] =
    "ablate recipe.toml --count 4 --set train.steps=12 train.checkpoint_every=3 train.log_every=1 "
    "--grid model.head.diffusion.prediction=x,v --grid 'seed=1,2' "
    "--grid 'narrow: model.ffn=8 | lazy: train.optimizer.lr=1e-4; train.optimizer.muon_lr=1e-4 | "
    "deep: model.layers=2' "
    "--out ";

// A study in a process group of its own, so that a signal reaches the run at work too.
class StudyProcess {
 public:
  StudyProcess(const TempFolder& folder, const std::string& out) {
    const std::string script = "cd '" + folder.path() + "' && exec '" TESSERA_BINARY "' " + kStudy +
                               out + " >>'" + folder / "output" + "' 2>&1";
    pid_ = fork();
    if (pid_ == 0) {
      setpgid(0, 0);
      execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
      _exit(127);
    }
    setpgid(pid_, pid_);
  }

  // When the file is there. SIGKILL goes to the whole group, others to the study alone.
  int SignalOnce(const std::string& file, int signal) const {
    while (!std::filesystem::exists(file)) {
      int status = 0;
      if (waitpid(pid_, &status, WNOHANG) == pid_) {
        ADD_FAILURE() << "it ended before there was " << file;
        return status;
      }
      sched_yield();
    }
    kill(signal == SIGKILL ? -pid_ : pid_, signal);
    return Wait();
  }

  int Wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_;
};

// Without what depends on the clock or on how memory is handed out.
Json WithoutCosts(const Json& json) {
  if (const JsonObject* object = json.AsObject()) {
    JsonObject kept;
    for (const auto& [name, value] : *object) {
      if (name.find("seconds") == std::string::npos && name.find("memory") == std::string::npos) {
        kept.emplace_back(name, WithoutCosts(value));
      }
    }
    return {std::move(kept)};
  }
  if (const JsonArray* array = json.AsArray()) {
    JsonArray kept;
    for (const Json& item : *array) {
      kept.push_back(WithoutCosts(item));
    }
    return {std::move(kept)};
  }
  return json;
}

std::string TableOf(const TempFolder& folder, const std::string& out) {
  const auto json = ParseJson(Contents(folder / (out + "/study.json")));
  EXPECT_TRUE(json.ok()) << json.status();
  return DumpJson(WithoutCosts(*json), /*indented=*/true);
}

TEST(Ablate, KilledTwiceAndStoppedOnceGivesTheTableOfAnUncutStudy) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  EXPECT_EQ(StudyProcess(folder, "uncut").Wait(), 0) << Contents(folder / "output");
  const std::string run = folder / "cut/runs/prediction=";
  // While the second run trains; while the fifth is measured; while the ninth trains.
  EXPECT_TRUE(WIFSIGNALED(StudyProcess(folder, "cut")
                              .SignalOnce(run + "x,lazy,seed=1/checkpoints/step-000006", SIGKILL)));
  EXPECT_TRUE(
      WIFSIGNALED(StudyProcess(folder, "cut").SignalOnce(run + "v,lazy,seed=1/eval.txt", SIGKILL)));
  std::filesystem::remove(folder / "output");
  EXPECT_EQ(WEXITSTATUS(StudyProcess(folder, "cut")
                            .SignalOnce(run + "x,deep,seed=2/checkpoints/step-000003", SIGINT)),
            130);
  const std::string said = Contents(folder / "output");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "12 runs, 8 to do\n", said);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "stopped; go on with: tessera ablate recipe.toml",
                      said);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "--out cut\n", said);
  EXPECT_EQ(StudyProcess(folder, "cut").Wait(), 0);

  const std::string uncut = TableOf(folder, "uncut");
  EXPECT_EQ(TableOf(folder, "cut"), uncut);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"scene_accuracy\"", uncut);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"training_step_gflop\"", uncut);
  EXPECT_EQ(uncut.find("waiting"), std::string::npos);
}

TEST(Ablate, ShowsRunsThatAreRefusedOrFailAsRowsBesideTheOthersAndTheirPictures) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const std::string study =
      "ablate recipe.toml --count 4 --out study --grid 'good: train.optimizer.lr=1e-3 | bad: "
      "train.optimizer.lr=1e38 | "
      "lost: data.kind=image_folder; data.path=nowhere | idle: model.head.kind=mse; "
      "model.head.gmm.components=3";
  const Outcome outcome = Tessera(folder, study + "'");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "idle  1     refused  model.head.gmm.components=3: ", outcome.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "bad   1     failed   the loss is not finite",
                      outcome.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "lost  1     failed   ", outcome.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "[1 of 4] good,seed=1: finished", outcome.err);
  const std::string page = Contents(folder / "study/report.html");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "<figcaption>good</figcaption>", page);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "the loss is not finite", page);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "http", page);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "<script", page);

  const Outcome more = Tessera(folder, study + " | more: train.optimizer.lr=2e-3'");
  EXPECT_EQ(more.exit_code, 0) << more.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "5 runs, 3 to do\n", more.err);
  const std::string both = Contents(folder / "study/report.html");
  for (const char* arm : {"good", "more"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "<figcaption>" + std::string(arm) + "</figcaption>",
                        both);
  }
  const Outcome other = Tessera(folder, study + "' --set model.width=32");
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring,
                      "was begun with other settings: model.width was 16, is 32", other.err);
}

}  // namespace
}  // namespace tessera
