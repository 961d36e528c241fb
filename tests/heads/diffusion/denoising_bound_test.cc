#include "heads/diffusion/denoising_bound.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/pixels.h"
#include "tests/heads/mixture.h"
#include "tests/heads/random_head.h"

namespace tessera {
namespace {

constexpr int64_t kDraws = 4096;

Tensor EveryPixelValue() {
  return torch::arange(kPixelValues, torch::kDouble) / kPixelsPerUnit - 1;
}

// The shares [256] of the pixel values that the mixture's numbers are rounded to.
Tensor PixelShares() {
  const Tensor below = Mixture().Below(EveryPixelValue() + kHalfBin).slice(0, 0, kPixelValues - 1);
  const Tensor first = torch::zeros({1}, torch::kDouble), last = torch::ones({1}, torch::kDouble);
  return at::diff(at::cat({first, below, last}));
}

double Entropy(const Tensor& share) {
  return -at::xlogy(share, share).sum().item<double>() / std::numbers::ln2;
}

// Patches of one number, each pixel value as often as its share.
Tensor Patches() {
  const Tensor even_N = (torch::arange(kDraws, torch::kDouble) + .5) / kDraws;
  const Tensor index_N = torch::searchsorted(PixelShares().cumsum(0), even_N);
  return EveryPixelValue().index({index_N.clamp_max(kPixelValues - 1)}).unsqueeze(1);
}

Tensor Exact(const Tensor& y_N1, const Tensor& sigma_N1) {
  return Mixture().Clean(y_N1, 1, sigma_N1);
}

double Bound(const CleanAt& clean) {
  const BinDecoder decoder = FitBinDecoder(clean, Patches(), Rng(1));
  return DenoisingBoundBits(clean, decoder, Patches(), Rng(2)).mean().item<double>();
}

// A network whose error does not shrink with the noise, as of one that has not seen small noise.
CleanAt OffBy(double error) {
  return [error](const Tensor& y_N1, const Tensor& sigma_N1) {
    const Tensor sign_N1 = at::where((y_N1 * 1000).floor().remainder(2) == 0, -1., 1.);
    return Exact(y_N1, sigma_N1) + error * sign_N1;
  };
}

TEST(DecodedBits, AreOfProbabilitiesThatSumToOne) {
  const Tensor x_V1 = EveryPixelValue().unsqueeze(1);
  for (const double variance : {1e-6, 1e-3, .3, 50.}) {
    for (const double predicted : {-1., -.3, .998, 1.}) {
      const Tensor predicted_V1 = at::full_like(x_V1, predicted);
      const Tensor bits_V1 = DecodedBits(x_V1, predicted_V1, variance);
      EXPECT_NEAR((-bits_V1).exp2().sum().item<double>(), 1, 1e-6) << variance << " " << predicted;
    }
  }
}

TEST(DecodedBits, OfAWideDecoderAreEight) {
  const Tensor x_V1 = EveryPixelValue().unsqueeze(1);
  const Tensor bits_V1 = DecodedBits(x_V1, torch::zeros_like(x_V1), 1e6);
  EXPECT_LT((bits_V1 - 8).abs().max().item<double>(), 1e-4);
}

TEST(DenoisingBound, OfAnExactNetworkIsTheEntropy) {
  const double truth = Entropy(PixelShares());
  const double bits = Bound(Exact);
  EXPECT_GT(bits, truth - .01);
  EXPECT_LT(bits, truth + .05);
}

TEST(DenoisingBound, RisesWithWhatANetworkDoesNotKnow) {
  double before = Bound(Exact);
  for (const double error : {.01, .03, .1}) {
    const double bits = Bound(OffBy(error));
    EXPECT_GT(bits, before + .05) << error;
    EXPECT_LT(bits, 8.1) << error;
    before = bits;
  }
}

TEST(DenoisingBound, EndsWhereTheNetworkStopsToKnowBetterThanItsInput) {
  const CleanAt clean = OffBy(.02);
  const BinDecoder decoder = FitBinDecoder(clean, Patches(), Rng(1));
  EXPECT_GT(decoder.sigma, .01);
  EXPECT_LT(decoder.sigma, .15);
  const auto bits = [&](const BinDecoder& at) {
    return DenoisingBoundBits(clean, at, Patches(), Rng(2)).mean().item<double>();
  };
  EXPECT_GT(bits({.002, decoder.variance}), bits(decoder) + 10);
  EXPECT_GT(bits({.5, .1}), bits(decoder) + .05);
}

// Numbers N(0, s^2) have the squared error s^2 sigma^2 / (s^2 + sigma^2), whose weighted
// integral is the information that the noise leaves: log(1 + s^2 / sigma^2) / 2 nats.
TEST(DenoisingBound, IntegratesTheErrorsOfGaussianDataToTheirInformation) {
  const CleanAt clean = [](const Tensor& y_ND, const Tensor& sigma_N1) {
    return .3 * .3 * y_ND / (.3 * .3 + sigma_N1.square());
  };
  const Tensor x_ND = (.3 * torch::randn({2000, 8}, Rng(1), torch::kDouble)).clamp(-1, 1);
  const BinDecoder near{.05, .01}, far{.2, .01};
  const auto errors = [&](const BinDecoder& decoder) {
    const Tensor y_ND = x_ND + decoder.sigma * torch::randn(x_ND.sizes(), Rng(4), torch::kDouble);
    const Tensor sigma_N1 = torch::full({2000, 1}, decoder.sigma, torch::kDouble);
    const double decoded =
        DecodedBits(x_ND, clean(y_ND, sigma_N1).clamp(-1, 1), .01).mean().item<double>();
    return DenoisingBoundBits(clean, decoder, x_ND, Rng(2)).mean().item<double>() - decoded;
  };
  const auto information = [](double sigma) { return std::log2(1 + .09 / (sigma * sigma)) / 2; };
  EXPECT_NEAR(errors(near), information(.05), .02);
  EXPECT_NEAR(errors(far), information(.2), .02);
}

}  // namespace
}  // namespace tessera
