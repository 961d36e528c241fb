#include "run/checkpoint.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <filesystem>

#include "tests/train/mortal_file_system.h"

namespace tessera {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tessera-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~CheckpointTest() override { std::filesystem::remove_all(path_); }

  CheckpointFolder Folder() const { return {Files(), path_}; }

  static std::vector<CheckpointFile> Contents(int64_t step) {
    return {{"state.json", std::to_string(step)},
            {"model.safetensors", NamedTensors{{"w", torch::full({2}, step)}}}};
  }

  // Every listed checkpoint must hold all its files with its own values.
  std::vector<int64_t> WholeSteps() const {
    std::vector<int64_t> steps;
    const auto checkpoints = Folder().List();
    for (const Checkpoint& checkpoint : *checkpoints) {
      EXPECT_EQ(*Files().Read(checkpoint.path + "/state.json"), std::to_string(checkpoint.step));
      const auto tensors = ReadTensors(Files(), checkpoint.path + "/model.safetensors");
      EXPECT_TRUE(torch::equal((*tensors)[0].second, torch::full({2}, checkpoint.step)));
      steps.push_back(checkpoint.step);
    }
    return steps;
  }

  std::vector<std::string> Names() const { return *Files().List(path_); }

  std::string path_;
};

using Steps = std::vector<int64_t>;
using Strings = std::vector<std::string>;

TEST_F(CheckpointTest, AreListedByStep) {
  for (const int64_t step : {500, 20, 1'000'000}) {
    ASSERT_TRUE(Folder().Save(step, Contents(step)).ok());
  }
  EXPECT_EQ(WholeSteps(), (Steps{20, 500, 1'000'000}));
  EXPECT_EQ(Folder().Latest()->step, 1'000'000);
}

TEST_F(CheckpointTest, AreNotFoundWhereThereAreNone) {
  const CheckpointFolder nowhere(Files(), path_ + "/none");
  EXPECT_TRUE(nowhere.List()->empty());
  EXPECT_TRUE(absl::IsNotFound(nowhere.Latest().status()));
  EXPECT_TRUE(nowhere.Prune(1).ok());
}

TEST_F(CheckpointTest, ReplaceTheOneOfTheSameStep) {
  ASSERT_TRUE(Folder().Save(5, {{"old", "x"}}).ok());
  ASSERT_TRUE(Folder().Save(5, Contents(5)).ok());
  EXPECT_EQ(WholeSteps(), (Steps{5}));
  EXPECT_EQ(*Files().List(path_ + "/step-000005"), (Strings{"model.safetensors", "state.json"}));
  EXPECT_EQ(Names(), (Strings{"step-000005"}));
}

TEST_F(CheckpointTest, PruneKeepsTheLastAndTheBest) {
  for (const int64_t step : {1, 2, 3, 4, 5}) {
    ASSERT_TRUE(Folder().Save(step, Contents(step)).ok());
  }
  ASSERT_TRUE(Folder().MarkBest(2).ok());
  ASSERT_TRUE(Folder().Prune(2).ok());
  EXPECT_EQ(WholeSteps(), (Steps{2, 4, 5}));
  EXPECT_EQ(Folder().Best()->step, 2);
}

TEST_F(CheckpointTest, BestIsTheLatestUntilOneIsMarked) {
  ASSERT_TRUE(Folder().Save(1, Contents(1)).ok());
  ASSERT_TRUE(Folder().Save(2, Contents(2)).ok());
  EXPECT_EQ(Folder().Best()->step, 2);
}

TEST_F(CheckpointTest, AreWholeWheneverTheProcessIsKilled) {
  ASSERT_TRUE(Folder().Save(1, Contents(1)).ok());
  bool survived = false;
  for (int changes = 0; !survived; ++changes) {
    ASSERT_LT(changes, 100);
    const auto mortal = std::make_shared<MortalFileSystem>(changes);
    const CheckpointFolder folder(Files({}, mortal), path_);
    const bool saved = folder.Save(2, Contents(2)).ok();
    const bool pruned = saved && folder.Prune(1).ok();
    survived = mortal->alive();
    const Steps steps = WholeSteps();
    EXPECT_FALSE(steps.empty()) << "killed after " << changes << " changes";
    EXPECT_EQ(pruned, survived);
    ASSERT_TRUE(Folder().Save(1, Contents(1)).ok());
    std::filesystem::remove_all(path_ + "/step-000002");
  }
}

TEST_F(CheckpointTest, PruneRemovesWhatAKilledSaveLeft) {
  ASSERT_TRUE(Folder().Save(1, Contents(1)).ok());
  const CheckpointFolder killed(Files({}, std::make_shared<MortalFileSystem>(3)), path_);
  EXPECT_FALSE(killed.Save(2, Contents(2)).ok());
  EXPECT_EQ(Names(), (Strings{".unfinished-step-000002", "step-000001"}));
  EXPECT_EQ(WholeSteps(), (Steps{1}));
  ASSERT_TRUE(Folder().Prune(1).ok());
  EXPECT_EQ(Names(), (Strings{"step-000001"}));
}

TEST_F(CheckpointTest, IgnoresFoldersOfOtherNames) {
  for (const char* name : {"step-5", "step-", "step-00000x", "step--00005", "best-000005"}) {
    std::filesystem::create_directory(path_ + "/" + name);
  }
  EXPECT_TRUE(Folder().List()->empty());
}

}  // namespace
}  // namespace tessera
