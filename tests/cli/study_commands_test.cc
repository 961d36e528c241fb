// probe, sample-lab and the distances of eval, driven as a process on a run of two steps.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/process.h"

namespace tessera {
namespace {

void ExpectRefused(const TempFolder& folder, const std::string& arguments,
                   const std::string& part) {
  const Outcome outcome = Tessera(folder, arguments);
  EXPECT_EQ(outcome.exit_code, 2) << arguments;
  EXPECT_EQ(outcome.out, "") << arguments;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, part, outcome.err);
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
}

TEST(StudyCommands, LookInsideATrainedRunAndCompareItsSamplers) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const Outcome trained = Tessera(folder, "train recipe.toml --out run");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;

  const Outcome probe = Tessera(folder, "probe run --count 20 --export 3 --show 1 --draw 4");
  EXPECT_EQ(probe.exit_code, 0) << probe.err;
  EXPECT_EQ(probe.out, "run/probe/probe.html\n");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"exits\"", Contents(folder / "run/probe/probe.json"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"states\"",
                      Contents(folder / "run/probe/states.safetensors"));

  const Outcome lab = Tessera(
      folder,
      "sample-lab run --out lab --count 4 --draws 2 --steps 1,2 --reference 4 --pictures 1");
  EXPECT_EQ(lab.exit_code, 0) << lab.err;
  EXPECT_EQ(lab.out, "lab/sample_lab.html\n");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"ipndm-v\"",
                      Contents(folder / "lab/sample_lab.json"));

  const Outcome eval = Tessera(folder, "eval run --count 20 --distances --json");
  EXPECT_EQ(eval.exit_code, 0) << eval.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"random64_fid\"", eval.out);

  ExpectRefused(folder, "eval run --count 10 --distances", "need 20 pictures");
  ExpectRefused(folder, "eval run --features no.pt", "'no.pt'");
  ExpectRefused(folder, "eval run --features-pixels 32", "--features");
  ExpectRefused(folder, "probe run --set guidence=2", "guidance");
  ExpectRefused(folder, "sample-lab run --draws 1", "--draws");
  ExpectRefused(folder, "sample-lab run --set guidance_from=2", "guidance");
}

TEST(StudyCommands, RefuseWhatIsNoRun) {
  const TempFolder folder;
  for (const std::string command : {"probe", "sample-lab"}) {
    ExpectRefused(folder, command + " nothing", "'nothing' is no run");
    ExpectRefused(folder, command, "required");
    ExpectRefused(folder, command + " run --cuont 3", "did you mean '--count'?");
  }
}

}  // namespace
}  // namespace tessera
