#include "train/step_log.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace tessera {
namespace {

// `patches` patches of the turns 0, 1, ..., each with the loss `value` at the noise level `level`.
ModelLoss LossOf(int64_t patches, double value, double level) {
  ModelLoss loss;
  loss.text_sum = torch::full({}, 6.0);
  loss.image_sum = torch::full({}, value * static_cast<double>(patches));
  loss.turn_N = torch::arange(patches);
  loss.image.by_patch_N = torch::full({patches}, value);
  loss.image.level_M = torch::full({patches}, level);
  loss.image.by_level_M = torch::full({patches}, value / 2);
  return loss;
}

TEST(Interval, DividesSumsByTheCountsOfAllItsBatches) {
  Interval interval;
  EXPECT_TRUE(interval.empty());
  interval.Add(LossOf(2, 1, .05), {.text = 2, .image = 2}, 100);
  interval.EndStep(.5);
  interval.Add(LossOf(6, 3, .05), {.text = 6, .image = 6}, 200);
  interval.EndStep(1);
  EXPECT_FALSE(interval.empty());
  TrainReport report;
  interval.Fill(&report);
  EXPECT_EQ(report.text_loss, 12. / 8);
  EXPECT_EQ(report.image_loss, 20. / 8);
  EXPECT_EQ(report.tokens_per_second, 200);
}

TEST(Interval, KeepsItsSumsWhenALaterPictureHasMorePatches) {
  Interval interval;
  interval.Add(LossOf(4, 1, .25), {1, 4}, 1);
  interval.Add(LossOf(12, 3, 1), {1, 12}, 1);
  TrainReport report;
  interval.Fill(&report);
  ASSERT_EQ(report.image_loss_by_patch.size(), 12);
  EXPECT_EQ(report.image_loss_by_patch[3], 2);
  EXPECT_EQ(report.image_loss_by_patch[11], 3);
  ASSERT_EQ(report.image_loss_by_level.size(), 10);
  EXPECT_EQ(report.image_loss_by_level[2], .5);
  EXPECT_EQ(report.image_loss_by_level[9], 1.5);
  EXPECT_TRUE(std::isnan(report.image_loss_by_level[0]));
}

TEST(Interval, OfTextAloneHasNoImageLoss) {
  ModelLoss loss;
  loss.text_sum = torch::full({}, 6.0);
  loss.image_sum = torch::zeros({});
  Interval interval;
  interval.Add(loss, {.text = 3, .image = 0}, 1);
  TrainReport report;
  interval.Fill(&report);
  EXPECT_EQ(report.text_loss, 2);
  EXPECT_TRUE(std::isnan(report.image_loss));
}

TEST(JsonLine, GivesTheReportBack) {
  TrainReport report;
  report.step = 40;
  report.minutes = .1;
  report.text_loss = 1. / 3;
  report.image_loss = NAN;
  report.gradient_norm = 2;
  report.image_loss_by_level = {NAN, .25};
  const std::string line = ToJsonLine(report);
  EXPECT_EQ(line.find("image_loss\""), std::string::npos) << line;
  EXPECT_EQ(line.back(), '\n');
  const auto read = ParseJsonLine(line);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->step, 40);
  EXPECT_EQ(read->minutes, .1);
  EXPECT_EQ(read->text_loss, 1. / 3);
  EXPECT_TRUE(std::isnan(read->image_loss));
  EXPECT_EQ(read->gradient_norm, 2);
  ASSERT_EQ(read->image_loss_by_level.size(), 2);
  EXPECT_TRUE(std::isnan(read->image_loss_by_level[0]));
  EXPECT_EQ(read->image_loss_by_level[1], .25);
  EXPECT_TRUE(read->image_loss_by_patch.empty());
}

}  // namespace
}  // namespace tessera
