// Training on several ranks beside training on one.
#include "tests/train/rank_training.h"

#include "absl/strings/str_cat.h"

namespace tessera {
namespace {

// A run of four batches a step, in full precision: the order of the sum is the same on 1, 2 and 4
// ranks.
RunConfig FourBatches(const std::vector<std::string>& keys = {}) {
  const std::string recipe = kTinyRecipe;  // but for the sampler, which some heads have none of
  std::vector<std::string> all = {"train.accumulate=4", "train.precision=f32", "train.steps=3"};
  all.insert(all.end(), keys.begin(), keys.end());
  RunConfig config;
  const absl::Status status =
      FromToml(recipe.substr(0, recipe.find("[generate.sampler]")), "tiny", all, &config);
  EXPECT_TRUE(status.ok()) << status;
  return config;
}

void ExpectEqualOnRanks(const RunConfig& config, const std::vector<int64_t>& counts) {
  const TempFolder folder;
  for (const int64_t count : counts) {
    TrainOnRanks(count, config, folder / std::to_string(count));
  }
  const std::string first = folder / std::to_string(counts[0]);
  for (const int64_t count : counts) {
    const std::string other = folder / std::to_string(count);
    EXPECT_EQ(DifferentFiles(CheckpointsIn(first), CheckpointsIn(other)), FileNames()) << count;
    EXPECT_EQ(LogOf(first), LogOf(other)) << count;
  }
}

TEST(RankTraining, MakesTheSameStepsToTheBitOnOneTwoAndFourRanks) {
  ExpectEqualOnRanks(FourBatches({"train.evaluate_every=2"}), {1, 2, 4});
}

TEST(RankTraining, HoldsForEveryObjectiveHeadOptimizerAndAdapter) {
  const std::vector<std::vector<std::string>> choices = {
      {"model.objective=copies"},     {"model.objective=masked"},     {"model.objective=whole"},
      {"model.head.kind=gmm"},        {"model.head.kind=mse"},        {"model.head.kind=fourier"},
      {"model.head.kind=softmax256"}, {"train.optimizer.kind=adamw"}, {"train.precision=bf16"},
      {"model.autoencoder.kind=vq"},
  };
  for (const auto& keys : choices) {
    SCOPED_TRACE(keys[0]);
    ExpectEqualOnRanks(FourBatches(keys), {1, 2});
  }
}

TEST(RankTraining, SharedOutStateOfTheOptimizerChangesNothing) {
  const TempFolder folder;
  TrainOnRanks(1, FourBatches(), folder / "one");
  TrainOnRanks(2, FourBatches({"train.optimizer.shard=true"}), folder / "two");
  const auto one = CheckpointsIn(folder / "one"), two = CheckpointsIn(folder / "two");
  EXPECT_EQ(DifferentFiles(one, two), FileNames({"step-000003/config.toml"}));
}

TEST(RankTraining, HoldsForAdapters) {
  const TempFolder folder;
  TrainOnRanks(1, TinyRun({"train.steps=1"}), folder / "base");
  const RunConfig config =
      FourBatches({"train.adapter.kind=lora", "train.adapter.rank=2", "train.adapter.targets=[*]",
                   "train.adapter.dropout=0.1", "tokenizer.size=300"});
  for (const int64_t count : {1, 2}) {
    TrainOnRanks(count, config, folder / std::to_string(count), {.from = folder / "base"});
  }
  EXPECT_EQ(DifferentFiles(CheckpointsIn(folder / "1"), CheckpointsIn(folder / "2")), FileNames());
}

TEST(RankTraining, GoesOnWithAnyNumberOfRanks) {
  for (const bool shard : {false, true}) {
    const RunConfig config = FourBatches(
        {"train.steps=4", std::string("train.optimizer.shard=") + (shard ? "true" : "false")});
    const TempFolder folder;
    TrainOnRanks(1, config, folder / "uncut");
    for (const auto& [first, then] : {std::pair(2, 1), std::pair(1, 2), std::pair(2, 4)}) {
      const std::string cut = folder / absl::StrCat(first, "-", then);
      TrainOnRanks(first, config, cut, {.stop_after = 2});
      TrainOnRanks(then, config, cut, {.resume = true});
      auto files = CheckpointsIn(cut);
      std::erase_if(files, [](const auto& file) { return file.first.starts_with("step-000002"); });
      EXPECT_EQ(DifferentFiles(files, CheckpointsIn(folder / "uncut")), FileNames());
      EXPECT_EQ(LogOf(cut), LogOf(folder / "uncut"));
    }
  }
}

TEST(RankTraining, RefusesBatchesThatCannotBeSharedOut) {
  const TempFolder folder;
  OnRanks(2, [&](const Ranks& ranks) {
    const absl::Status refused = Train(TinyRun(), {folder / "run", "", false},
                                       std::make_shared<const Files>(), TrainHooks(), ranks);
    EXPECT_NE(refused.message().find("train.batch=1 train.accumulate=2"), std::string::npos)
        << refused;
  });
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

TEST(RankTraining, RefusesRanksOfDifferentRecipesByName) {
  const TempFolder folder;
  OnRanks(2, [&](const Ranks& ranks) {
    const RunConfig config = FourBatches({absl::StrCat("train.optimizer.lr=", 1 + ranks.rank())});
    const absl::Status refused = Train(config, {folder / "run", "", false},
                                       std::make_shared<const Files>(), TrainHooks(), ranks);
    EXPECT_TRUE(std::string(refused.message()).starts_with("rank 1 on ")) << refused;
    EXPECT_NE(refused.message().find("'lr = 2"), std::string::npos) << refused;
  });
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

TEST(RankTraining, SavesFirstWhenOneRankFails) {
  const TempFolder folder;
  OnRanks(2, [&](const Ranks& ranks) {
    TrainHooks hooks;
    hooks.on_evaluate = [&](const tessera::Run&, TrainReport*) {
      return ranks.rank() == 1 ? absl::NotFoundError("no more data") : absl::OkStatus();
    };
    const absl::Status failed =
        Train(FourBatches({"train.evaluate_every=2"}), {folder / "run", "", false},
              std::make_shared<const Files>(), hooks, ranks);
    EXPECT_TRUE(std::string(failed.message()).starts_with("rank 1 on ")) << failed;
    EXPECT_NE(failed.message().find("no more data; step 2 is saved"), std::string::npos) << failed;
  });
  EXPECT_EQ(CheckpointsOf(folder / "run", Files()).Latest()->step, 2);
}

}  // namespace
}  // namespace tessera
