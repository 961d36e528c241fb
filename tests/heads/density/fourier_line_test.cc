// The Fourier head on the line, whose scale and shift are trained. Where the network puts out 0 the
// density of y = tanh(u) is uniform, so that of x is logistic: sech(u)^2 / (2 scale).
#include <gtest/gtest.h>
#include <torch/optim/adam.h>

#include <cmath>

#include "ops/pixels.h"
#include "tests/heads/random_head.h"

namespace tessera {
namespace {

std::shared_ptr<ImageHead> LineHead() {
  const auto head =
      MakeImageHead({.kind = HeadKind::kFourier,
                     .width = 4,
                     .depth = 0,
                     .fourier = {.frequencies = 2, .support = Support::kLine, .half_period = 1.25}},
                    kConditionDim, 1);
  head->to(torch::kDouble);
  return head;
}

double BitsAt(ImageHead& head, double x) {
  const Tensor z_NZ = torch::zeros({1, kConditionDim}, torch::kDouble);
  return head.Measure(z_NZ, torch::full({1, 1}, x, torch::kDouble), Rng(0)).bits_N.item<double>();
}

TEST(FourierLine, GivesEachPixelValueItsShareOfALogisticDensity) {
  const auto head = LineHead();
  const double scale = .4, shift = .3;
  {
    const torch::NoGradGuard no_grad;
    head->named_parameters()["number.log_scale"].fill_(std::log(scale / 1.25));
    head->named_parameters()["number.shift"].fill_(shift);
  }
  double total = 0;
  for (int64_t value = 0; value < 256; ++value) {
    const double x = static_cast<double>(value) / 127.5 - 1;
    const double below = value == 0 ? -INFINITY : x - 1 / 255.,
                 above = value == 255 ? INFINITY : x + 1 / 255.;
    const double mass =
        (std::tanh((above - shift) / scale) - std::tanh((below - shift) / scale)) / 2;
    EXPECT_NEAR(std::exp2(-BitsAt(*head, x)), mass, 1e-9) << value;
    total += std::exp2(-BitsAt(*head, x));
  }
  EXPECT_NEAR(total, 1, 1e-9);
}

TEST(FourierLine, NearsAShiftedGaussianByItsScaleAndShiftAlone) {
  const auto head = LineHead();
  Tensor log_scale = head->named_parameters()["number.log_scale"];
  Tensor shift = head->named_parameters()["number.shift"];
  const Tensor z_NZ = torch::zeros({512, kConditionDim}, torch::kDouble);
  const Tensor x_ND = (Randn({512, 1}, 0) * .1 + .4).clamp(-1, 1).mul(127.5).round().div(127.5);
  const double before = head->Measure(z_NZ, x_ND, Rng(0)).bits_N.mean().item<double>();
  torch::optim::Adam optimizer({log_scale, shift}, torch::optim::AdamOptions(.05));
  for (uint64_t step = 0; step < 200; ++step) {
    optimizer.zero_grad();
    head->Loss(z_NZ, x_ND, Rng(step)).mean.backward();
    optimizer.step();
  }
  EXPECT_NEAR(shift.item<double>(), .4, .02);
  // The nearest logistic density is a little worse, and 512 draws miss the entropy a little.
  const double entropy = .5 * std::log2(2 * M_PI * M_E * .01) + std::log2(127.5);
  const double after = head->Measure(z_NZ, x_ND, Rng(0)).bits_N.mean().item<double>();
  EXPECT_GT(before, entropy + 1);
  EXPECT_NEAR(after, entropy, .15);
}

TEST(FourierLine, StaysFiniteFarFromItsShift) {
  const auto head = MakeImageHead(
      {.kind = HeadKind::kFourier, .width = 4, .depth = 0, .fourier = {.support = Support::kLine}},
      kConditionDim, 1);
  {
    const torch::NoGradGuard no_grad;
    head->named_parameters()["number.log_scale"].fill_(-4);
  }
  const HeadLoss loss =
      head->Loss(torch::zeros({2, kConditionDim}), torch::tensor({{-1.f}, {1.f}}), Rng(0));
  loss.mean.backward();
  EXPECT_TRUE(std::isfinite(loss.mean.item<double>()));
  EXPECT_TRUE(std::isfinite(head->named_parameters()["number.log_scale"].grad().item<double>()));
}

TEST(FourierLine, AloneHasAScaleAndAShift) {
  const auto head = MakeImageHead({.kind = HeadKind::kFourier, .width = 4}, kConditionDim, 1);
  for (const auto& parameter : head->named_parameters()) {
    EXPECT_FALSE(parameter.key().starts_with("number.")) << parameter.key();
  }
}

}  // namespace
}  // namespace tessera
