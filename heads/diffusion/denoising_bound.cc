#include "heads/diffusion/denoising_bound.h"

#include <ATen/Functions.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "ops/pixel_value.h"

namespace tessera {
namespace {

// The prior N(0, kMostSigma^2) is off by x^2 / (2 kMostSigma^2) nats a number.
constexpr double kMostSigma = 100;
constexpr int64_t kErrorDraws = 64;  // of each patch, from the decoder's noise to the most

// Decoders are tried at these noises: from a quarter of the distance of two pixel values to more
// than data in [-1, 1] have.
constexpr double kLeastTried = .002;
constexpr double kMostTried = 4;
constexpr int64_t kTried = 32;
// Variances are tried as these multiples of the mean squared error, which is the best one of a
// Gaussian that is not cut off, if the errors are Gaussian.
constexpr std::array kVariances = {.5, 1., 2., 4., 16., 64.};

constexpr double kMinProbability = 1e-12;

// E[x | y] of the patches under fresh noise, as far as it can be a patch.
Tensor Predicted(const CleanAt& clean, const Tensor& x_ND, const Tensor& sigma_N1,
                 at::Generator rng) {
  const Tensor noise_ND = at::randn(x_ND.sizes(), std::move(rng), x_ND.options());
  return clean(at::addcmul(x_ND, sigma_N1, noise_ND), sigma_N1).to(x_ND.scalar_type()).clamp(-1, 1);
}

struct Attempt {
  BinDecoder decoder;
  double bits;    // of the decoder
  double square;  // mean squared error of the predicted patch
};

Attempt TryAt(double sigma, const Tensor& x_ND, const Tensor& predicted_ND) {
  const double square = at::mse_loss(predicted_ND, x_ND).item<double>();
  Attempt best{{sigma, 0}, std::numeric_limits<double>::infinity(), square};
  for (const double factor : kVariances) {
    const double variance = factor * square + kMinProbability;
    const double bits = DecodedBits(x_ND, predicted_ND, variance).mean().item<double>();
    if (bits < best.bits) {
      best = {{sigma, variance}, bits, square};
    }
  }
  return best;
}

// The logarithm of sigma / sqrt(1 + sigma^2). The weighted squared errors of unit data are even
// over it, so that times drawn evenly over it are drawn by their importance.
double Spread(double sigma) { return std::log(sigma / std::hypot(1, sigma)); }

}  // namespace

Tensor DecodedBits(const Tensor& x_ND, const Tensor& predicted_ND, double variance) {
  const double scale = 1 / std::sqrt(variance);
  const auto between = [&](const Tensor& from_ND, const Tensor& to_ND) {
    // In the tail that is nearer, where the difference of two shares keeps its digits.
    const Tensor flip_ND = at::where(from_ND > 0, -1., 1.);
    return (at::special_ndtr(to_ND * flip_ND * scale) - at::special_ndtr(from_ND * flip_ND * scale))
        .abs();
  };
  const double end = 1 + kHalfBin;
  const Tensor error_ND = x_ND - predicted_ND;
  const Tensor bin_ND = between(error_ND - kHalfBin, error_ND + kHalfBin);
  const Tensor all_ND = between(-end - predicted_ND, end - predicted_ND);
  return -(bin_ND / all_ND).clamp_min(kMinProbability).log2();
}

BinDecoder FitBinDecoder(const CleanAt& clean, const Tensor& x_ND, at::Generator rng) {
  const double h = std::log(kMostTried / kLeastTried) / (kTried - 1);
  Attempt best{{}, std::numeric_limits<double>::infinity(), 0};
  double errors_above = 0, before = 0;  // bits between the noise tried and the most tried
  for (int64_t i = 0; i < kTried; ++i) {
    const double sigma = kMostTried * std::exp(-h * static_cast<double>(i));
    const Tensor sigma_N1 = at::full({x_ND.size(0), 1}, sigma, x_ND.options());
    const Attempt attempt = TryAt(sigma, x_ND, Predicted(clean, x_ND, sigma_N1, rng));
    const double slope = attempt.square / (sigma * sigma * std::numbers::ln2);
    errors_above += i == 0 ? 0 : h * (before + slope) / 2;
    before = slope;
    if (attempt.bits + errors_above < best.bits) {
      best = {attempt.decoder, attempt.bits + errors_above, attempt.square};
    }
  }
  return best.decoder;
}

Tensor DenoisingBoundBits(const CleanAt& clean, const BinDecoder& decoder, const Tensor& x_ND,
                          at::Generator rng) {
  const torch::TensorOptions options = x_ND.options();
  const double from = Spread(decoder.sigma), to = Spread(kMostSigma);
  Tensor nats_N = x_ND.square().mean(1) / (2 * kMostSigma * kMostSigma);
  for (int64_t k = 0; k < kErrorDraws; ++k) {
    // Each draw has an even share of the range, so that all of it is seen.
    const Tensor share_N1 = (static_cast<double>(k) + at::rand({x_ND.size(0), 1}, rng, options)) /
                            static_cast<double>(kErrorDraws);
    const Tensor spread_N1 = from + (to - from) * share_N1;
    const Tensor sigma_N1 = (spread_N1.exp() / (-at::expm1(2 * spread_N1)).sqrt());
    const Tensor square_N = (x_ND - Predicted(clean, x_ND, sigma_N1, rng)).square().mean(1);
    const Tensor weight_N = 1 + sigma_N1.squeeze(1).pow(-2);
    nats_N = at::addcmul(nats_N, square_N, weight_N, (to - from) / kErrorDraws);
  }
  const Tensor sigma_N1 = at::full({x_ND.size(0), 1}, decoder.sigma, options);
  const Tensor decoded_ND =
      DecodedBits(x_ND, Predicted(clean, x_ND, sigma_N1, rng), decoder.variance);
  return nats_N / std::numbers::ln2 + decoded_ND.mean(1);
}

}  // namespace tessera
