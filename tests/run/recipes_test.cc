#include <gtest/gtest.h>

#include <filesystem>

#include "run/recipe.h"
#include "run/run.h"

namespace tessera {
namespace {

TEST(Recipes, HoldKnownKeysAndTheirPicturesHaveRoomInARow) {
  int64_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TESSERA_SOURCE_DIR "/recipes")) {
    if (entry.is_directory()) {
      continue;  // studies, which tests/analysis/ablation/study_plan_test.cc reads
    }
    const auto toml = Files().Read(entry.path());
    ASSERT_TRUE(toml.ok()) << toml.status();
    RunConfig config;
    const absl::Status status = FromRecipe(*toml, entry.path().string(), {}, &config);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_GT(config.train.minutes, 0) << entry.path();
    const auto grids = ParseGrids(config.model.grids);
    ASSERT_TRUE(grids.ok()) << grids.status();
    const absl::Status fits =
        CheckLayout({Vocabulary(300, std::ssize(*grids)), *grids, config.model.patch,
                     config.data.fit, 1, config.train.row_length, config.model.arrangement});
    EXPECT_TRUE(fits.ok()) << fits;
    ++count;
  }
  EXPECT_GE(count, 5);
}

}  // namespace
}  // namespace tessera
