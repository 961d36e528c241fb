#include "analysis/measure/distances.h"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <map>

#include "analysis/measure/distribution.h"
#include "analysis/measure/statistics.h"
#include "tests/analysis/untrained_run.h"
#include "tests/files/temp_folder.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

// As `save` in Python would: the means of the channels.
void WriteNetwork(const std::string& path, const std::string& body) {
  torch::jit::Module module("network");
  module.define("def forward(self, x):\n  return " + body + "\n");
  module.save(path);
}

std::vector<Image> NoisePictures(int64_t count, uint64_t seed) {
  std::vector<Image> images;
  for (int64_t i = 0; i < count; ++i) {
    images.push_back(NoisePicture(16, 16, seed + static_cast<uint64_t>(i)));
  }
  return images;
}

TEST(RandomFeatures, AreTheSameEachTimeAndTellWherePaintIs) {
  Image left{.height = 32, .width = 32, .rgb = std::vector<uint8_t>(3072, 128)};
  Image right = left;
  for (int64_t y = 0; y < 32; ++y) {
    std::fill_n(left.rgb.begin() + 96 * y, 30, 255);
    std::fill_n(right.rgb.begin() + 96 * y + 66, 30, 255);
  }
  const Tensor features_NF = FeaturesOf(RandomFeatures(), {left, right, left});
  EXPECT_EQ(features_NF.sizes(), (std::vector<int64_t>{3, 64}));
  EXPECT_TRUE(at::equal(features_NF[0], features_NF[2]));
  EXPECT_TRUE(at::equal(features_NF, FeaturesOf(RandomFeatures(), {left, right, left})));
  EXPECT_GT((features_NF[0] - features_NF[1]).abs().max().item<double>(), .05);
}

TEST(RandomFeatures, MakeTheDistanceRiseWithTheShareOfWrongPictures) {
  const auto run = UntrainedRun({}).value();
  const auto test = OpenDataset(run.config, Split::kTest, std::make_shared<const Files>()).value();
  std::vector<Image> real;
  for (int64_t i = 0; i < 60; ++i) {
    real.push_back(*AsImage(test->Get(i)->segments[1]));
  }
  const Tensor real_NF = FeaturesOf(RandomFeatures(), real);
  double before = -1e-6;
  for (const int64_t wrong : {0, 10, 30}) {
    std::vector<Image> mixed = NoisePictures(wrong, 1);
    mixed.insert(mixed.end(), real.begin() + wrong, real.end());
    const double distance = FrechetDistance(real_NF, FeaturesOf(RandomFeatures(), mixed));
    EXPECT_GT(distance, before);
    before = distance + 1e-6;
  }
}

TEST(LoadFeatures, CallsATorchScriptFile) {
  const TempFolder folder;
  WriteNetwork(folder / "means.v2.pt", "x.mean([2, 3])");
  const auto network = LoadFeatures(folder / "means.v2.pt", 8, Files());
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->name, "means.v2");
  const Image white{.height = 5, .width = 5, .rgb = std::vector<uint8_t>(75, 255)};
  EXPECT_TRUE(at::allclose(FeaturesOf(*network, {white}), at::ones({1, 3}, torch::kDouble)));
}

TEST(LoadFeatures, AsksANetworkForItsFeaturesOfBytesAndLeavesTheSizeToIt) {
  const TempFolder folder;
  torch::jit::Module module("network");
  module.define(
      "def forward(self, x, return_features: bool = False):\n"
      "  mean = x.mean([2, 3])\n"
      "  if return_features:\n"
      "    return mean * float(x.size(3))\n"
      "  return mean * 0.0\n");
  module.save(folder / "inception.pt");
  const Image grey{.height = 4, .width = 5, .rgb = std::vector<uint8_t>(60, 77)};
  for (const auto& [pixels, width] : {std::pair(0, 5), std::pair(8, 8)}) {
    const auto network = LoadFeatures(folder / "inception.pt", pixels, Files());
    ASSERT_TRUE(network.ok()) << network.status();
    EXPECT_TRUE(at::equal(FeaturesOf(*network, {grey, grey}),
                          at::full({2, 3}, 77. * width, torch::kDouble)));
  }
}

TEST(LoadFeatures, RefusesWhatMakesNoRowOfFeatures) {
  const TempFolder folder;
  folder.Write("text.pt", "no network");
  WriteNetwork(folder / "map.pt", "x");
  WriteNetwork(folder / "wide.pt", "x.view(2, 5)");
  for (const char* name : {"text.pt", "map.pt", "wide.pt", "missing.pt"}) {
    const auto network = LoadFeatures(folder / name, 8, Files());
    ASSERT_FALSE(network.ok()) << name;
    const std::string message(network.status().message());
    EXPECT_NE(message.find(name), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(MeasureDistances, NamesTheNetworkAndComparesWithOtherTruePictures) {
  const auto run = UntrainedRun({}).value();
  const auto metrics = MeasureDistances(run, std::make_shared<const Files>(), {RandomFeatures()},
                                        {.count = 40, .batch = 40});
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  std::map<std::string, double> values(metrics->begin(), metrics->end());
  EXPECT_EQ(values["random64_pictures"], 40);
  EXPECT_GT(values["random64_fid"], 10 * values["random64_floor_fid"]);  // it has learned nothing
  EXPECT_GT(values["random64_kid"], 3 * values["random64_kid_error"]);
  EXPECT_EQ(values["random64_precision"], 0);
  EXPECT_LT(values["random64_fid_error"], values["random64_fid"] / 3);
  EXPECT_EQ(values["copies"], 0) << "it draws noise";
  EXPECT_EQ(metrics->size(), 12);
}

TEST(MeasureDistances, ReadsAndWritesStatisticsOfThePicturesThatItCompares) {
  const TempFolder folder;
  const auto run = UntrainedRun({}).value();
  const auto files = std::make_shared<const Files>();
  const EvaluateOptions options{.count = 40, .batch = 40};
  const auto measure = [&](const std::string& against) {
    return MeasureDistances(run, files, {RandomFeatures()}, options, {against, folder / "out"});
  };
  ASSERT_TRUE(measure("").ok());
  const auto metrics = measure(folder / "out/random64_true.npz");
  ASSERT_TRUE(metrics.ok()) << metrics.status();
  std::map<std::string, double> values(metrics->begin(), metrics->end());
  EXPECT_NEAR(values.at("random64_against_fid"), values.at("random64_fid"), 1e-9);
  const auto itself = measure(folder / "out/random64_drawn.npz");
  values = {itself->begin(), itself->end()};
  EXPECT_NEAR(values.at("random64_against_fid"), 0, 1e-6);
  const Gaussian small{at::zeros({3}, torch::kDouble), at::eye(3, torch::kDouble)};
  ASSERT_TRUE(WriteStatistics(small, folder / "small.npz", *files).ok());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "describes 3 features, and random64 has 64",
                      std::string(measure(folder / "small.npz").status().message()));
}

TEST(MeasureDistances, RefusesTooFewPictures) {
  const auto run = UntrainedRun({}).value();
  const auto metrics =
      MeasureDistances(run, std::make_shared<const Files>(), {RandomFeatures()}, {.count = 10});
  EXPECT_NE(std::string(metrics.status().message()).find("need 20 pictures"), std::string::npos);
}

}  // namespace
}  // namespace tessera
