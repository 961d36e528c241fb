#include "ops/pixels.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "ops/random.h"

namespace tessera {
namespace {

TEST(Pixels, AllCodesComeBack) {
  const Tensor code = torch::arange(256, torch::kFloat);
  EXPECT_TRUE(torch::equal(PixelValues(FromPixelValues(code)), code));
  EXPECT_EQ(PixelValues(torch::tensor({-3., 3.}))[0].item<double>(), 0);
  EXPECT_EQ(PixelValues(torch::tensor({-3., 3.}))[1].item<double>(), 255);
}

TEST(Pixels, BinsCoverTheLineWithoutGaps) {
  const Bins bins = BinsOf(FromPixelValues(torch::arange(256, torch::kDouble)));
  EXPECT_TRUE(at::allclose(bins.upper.slice(0, 0, 255), bins.lower.slice(0, 1), 0, 1e-15));
  EXPECT_EQ(bins.lower[0].item<double>(), -INFINITY);
  EXPECT_EQ(bins.upper[255].item<double>(), INFINITY);
}

TEST(Pixels, DequantisedNumbersStayInTheirBins) {
  const Tensor code = torch::arange(256, torch::kDouble).repeat({50});
  const auto rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0);
  const Tensor spread = Dequantise(FromPixelValues(code), rng);
  EXPECT_TRUE(torch::equal(PixelValues(spread), code));
  EXPECT_NEAR((spread - FromPixelValues(code)).std().item<double>(), 2 * kHalfBin / std::sqrt(12),
              5e-5);
}

TEST(Pixels, AUniformDensityOverAllBinsIsEightBits) {
  const double log_density = -std::log(256 / kPixelsPerUnit);
  EXPECT_NEAR((kNatsPerPixelValue - log_density) / std::numbers::ln2, 8, 1e-12);
}

}  // namespace
}  // namespace tessera
