#include "analysis/report/compare.h"

#include <gtest/gtest.h>

#include "config/toml.h"
#include "data/image/image_io.h"
#include "run/run_config.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

// A run folder with a log of two lines whose losses are `loss`, and a sheet.
void WriteRun(const TempFolder& folder, const std::string& name, int64_t seed,
              const std::string& loss) {
  RunConfig config;
  config.seed = seed;
  folder.Write(name + "/checkpoints/step-000002/config.toml", ToToml(config));
  const auto line = [&](const std::string& step) {
    return "{\"step\": " + step + ", \"minutes\": " + step + ", \"image_loss\": " + loss + "}\n";
  };
  folder.Write(name + "/log.jsonl", line("1") + line("2"));
  folder.Write(name + "/samples/step-000002.png", EncodePng({1, 1, {1, 2, 3}}));
  folder.Write(name + "/eval.json", "{\"image_loss\": " + loss + "}");
}

TEST(ComparePage, ShowsCurvesSheetsMeasuresAndWhatDiffers) {
  const TempFolder folder;
  WriteRun(folder, "first", 1, "0.5");
  WriteRun(folder, "second", 2, "0.25");
  const auto page = ComparePage({folder / "first", folder / "second/"}, Files());
  ASSERT_TRUE(page.ok()) << page.status();
  for (const char* part : {"Image loss", "Curves by time", "first, step-000002.png",
                           "second, step-000002.png", "0.25", "Settings that differ", "seed"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, *page);
  }
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "train.batch", *page);  // which is the same
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "Text loss", *page);    // which has no number
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "http", *page);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "<script", *page);
}

TEST(ComparePage, NamesRunsOfOneNameByTheirPaths) {
  const TempFolder folder;
  WriteRun(folder, "a/run", 1, "0.5");
  WriteRun(folder, "b/run", 1, "0.25");
  const auto page = ComparePage({folder / "a/run", folder / "b/run"}, Files());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_PRED_FORMAT2(testing::IsSubstring, folder / "a/run" + ", step-000002.png", *page);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "There are none.", *page);
}

TEST(ComparePage, RefusesWhatIsNoRun) {
  const TempFolder folder;
  const auto page = ComparePage({folder / "nothing"}, Files());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "nothing", std::string(page.status().message()));
}

}  // namespace
}  // namespace tessera
