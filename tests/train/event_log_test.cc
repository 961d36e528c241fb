#include "train/event_log.h"

#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "files/event_file.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

using Seen = std::vector<std::pair<int64_t, std::string>>;  // step and first tag

Seen EventsIn(const TempFolder& folder) {
  const std::string file = Files().Read(folder / "log.tfevents").value();
  Seen seen;
  for (const StoredEvent& event : ReadEvents(file)) {
    if (!event.tags.empty()) {
      seen.emplace_back(event.step, event.tags.front());
    }
  }
  return seen;
}

TrainReport ReportOf(int64_t step) {
  TrainReport report;
  report.step = step;
  report.image_loss_by_level = {.5, kNotMeasured, .25};
  return report;
}

TEST(EventLog, HoldsNoStepTwiceWhereverTheRunWasCut) {
  const TempFolder folder;
  const Files files;
  const std::string png = EncodePng({1, 1, {1, 2, 3}});
  auto log = EventLog::Open(folder.path(), 0, {}, files);
  ASSERT_TRUE(log.ok()) << log.status();
  for (const int64_t step : {20, 40, 60}) {
    ASSERT_TRUE(log->Add(ReportOf(step), files).ok());
    ASSERT_TRUE(log->AddSheet(step, png, files).ok());
  }
  ASSERT_TRUE(files.Append(folder / "log.tfevents", "a record that was cut").ok());
  log = EventLog::Open(folder.path(), 40, {}, files);
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_TRUE(log->AddSheet(40, png, files).ok());  // a resumed run may draw its last one again
  ASSERT_TRUE(log->Add(ReportOf(60), files).ok());
  ASSERT_TRUE(log->AddSheet(60, png, files).ok());
  EXPECT_EQ(EventsIn(folder), (Seen{{0, "config"},
                                    {20, "minutes"},
                                    {20, "samples"},
                                    {40, "minutes"},
                                    {40, "samples"},
                                    {60, "minutes"},
                                    {60, "samples"}}));
}

TEST(EventLog, LeavesOutWhatWasNotMeasured) {
  const TempFolder folder;
  const Files files;
  auto log = EventLog::Open(folder.path(), 0, {}, files);
  ASSERT_TRUE(log->Add(ReportOf(20), files).ok());
  const std::string file = files.Read(folder / "log.tfevents").value();
  const std::vector<std::string> tags = ReadEvents(file).back().tags;
  EXPECT_EQ(std::ranges::count(tags, "held_out_text_loss"), 0);
  EXPECT_EQ(std::ranges::count(tags, "image_loss_by_level"), 1);
  EXPECT_EQ(std::ranges::count(tags, "image_loss_by_patch"), 0);
}

}  // namespace
}  // namespace tessera
