#include "heads/density/gaussian_mixture.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <numbers>

#include "ops/pixels.h"
#include "ops/random.h"

namespace tessera {
namespace {

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

Tensor Randn(at::IntArrayRef shape, uint64_t item) {
  return torch::randn(shape, Rng(1000 + item), torch::kDouble);
}

enum class Form { kWhole, kEach, kFull };
constexpr std::array kForms = {Form::kWhole, Form::kEach, Form::kFull};

// One patch of 2 numbers under 3 components.
GaussianMixture Random(Form form) {
  GaussianMixture mixture{(Randn({1, 3, form == Form::kEach ? 2 : 1}, 1)).log_softmax(1),
                          .5 * Randn({1, 3, 2}, 2), .1 + .3 * Randn({1, 3, 2}, 3).abs()};
  if (form == Form::kFull) {
    mixture.factor_NKDD = at::diag_embed(mixture.sd_NKD);
    mixture.factor_NKDD.select(2, 1).select(2, 0).copy_(.5 * Randn({1, 3}, 4));
  }
  return mixture;
}

TEST(GaussianMixture, IntegratesToOne) {
  const double h = .04;
  const Tensor line = torch::arange(-4., 4., h, torch::kDouble);
  const auto grid = torch::meshgrid({line, line}, "ij");
  const Tensor x_ND = torch::stack({grid[0].flatten(), grid[1].flatten()}, 1);
  for (const Form form : kForms) {
    const Tensor p_N = LogDensity(Repeat(Random(form), x_ND.size(0)), x_ND).sum(1).exp();
    EXPECT_NEAR(p_N.sum().item<double>() * h * h, 1, 1e-5);
  }
}

TEST(GaussianMixture, OfOneComponentIsTheGaussianOfItsCovariance) {
  const Tensor factor = torch::tensor({{.5, 0.}, {.3, .2}}, torch::kDouble);
  const GaussianMixture mixture{torch::zeros({1, 1, 1}, torch::kDouble),
                                torch::zeros({1, 1, 2}, torch::kDouble),
                                factor.diag().view({1, 1, 2}), factor.view({1, 1, 2, 2})};
  const Tensor covariance = factor.mm(factor.t()), x_ND = Randn({1, 2}, 5);
  const double expected = -(x_ND.mm(covariance.inverse()).mm(x_ND.t()).item<double>() +
                            std::log(covariance.det().item<double>())) /
                              2 -
                          std::log(2 * std::numbers::pi);
  EXPECT_NEAR(LogDensity(mixture, x_ND).item<double>(), expected, 1e-12);
}

TEST(GaussianMixture, DoesNotChangeWithTheOrderOfComponents) {
  for (const Form form : kForms) {
    const GaussianMixture mixture = Random(form);
    GaussianMixture turned{mixture.log_share_NKM.flip(1), mixture.mean_NKD.flip(1),
                           mixture.sd_NKD.flip(1), mixture.factor_NKDD};
    if (form == Form::kFull) {
      turned.factor_NKDD = mixture.factor_NKDD.flip(1);
    }
    const Tensor x_ND = Randn({1, 2}, 5);
    EXPECT_TRUE(at::allclose(LogDensity(mixture, x_ND), LogDensity(turned, x_ND), 1e-12, 0));
  }
}

TEST(GaussianMixture, IsFiniteFarAway) {
  for (const Form form : kForms) {
    const Tensor x_ND = torch::full({1, 2}, 1e3, torch::kDouble);
    EXPECT_TRUE(at::isfinite(LogDensity(Random(form), x_ND)).all().item<bool>());
  }
}

TEST(GaussianMixture, HasTheMassOfItsBinsFarAwayToo) {
  const GaussianMixture narrow{torch::zeros({1, 1, 1}, torch::kDouble),
                               torch::full({1, 1, 1}, .9, torch::kDouble),
                               torch::full({1, 1, 1}, .02, torch::kDouble)};
  const Tensor x_ND = FromPixelValues(torch::arange(256, torch::kDouble)).unsqueeze(1);
  const Tensor log_mass = LogMass(Repeat(narrow, 256), x_ND).flatten();
  EXPECT_TRUE(at::isfinite(log_mass).all().item<bool>());
  EXPECT_NEAR(log_mass.exp().sum().item<double>(), 1, 1e-12);
  // A narrow bin holds its density times its width.
  const Tensor density = LogDensity(Repeat(narrow, 256), x_ND).flatten() - kNatsPerPixelValue;
  EXPECT_NEAR((log_mass - density).slice(0, 238, 246).abs().max().item<double>(), 0, .02);
}

TEST(GaussianMixture, DrawsItsMeanAndCovariance) {
  constexpr int64_t count = 20'000;
  std::vector<at::Generator> rngs;
  for (uint64_t i = 0; i < count; ++i) {
    rngs.push_back(Rng(i));
  }
  for (const Form form : kForms) {
    const GaussianMixture m = Random(form);
    const Tensor x_ND = Draw(Repeat(m, count), 1, rngs);
    const Tensor share = m.log_share_NKM.exp();
    const Tensor mean = (share * m.mean_NKD).sum(1).squeeze(0);
    const Tensor own = form == Form::kFull ? m.factor_NKDD.square().sum(3) : m.sd_NKD.square();
    const Tensor variance = (share * (own + m.mean_NKD.square())).sum(1).squeeze(0) - mean.square();
    const Tensor error = variance.sqrt() / std::sqrt(double(count));
    EXPECT_LT(((x_ND.mean(0) - mean) / error).abs().max().item<double>(), 4);
    EXPECT_LT((x_ND.var(0) / variance - 1).abs().max().item<double>(), .05);
    if (form == Form::kFull) {
      const Tensor second =
          (share.unsqueeze(3) * (m.factor_NKDD.matmul(m.factor_NKDD.transpose(2, 3)) +
                                 m.mean_NKD.unsqueeze(3) * m.mean_NKD.unsqueeze(2)))
              .sum(1)[0];
      EXPECT_NEAR(x_ND.t().cov()[0][1].item<double>(),
                  (second[0][1] - mean[0] * mean[1]).item<double>(), .02);
    }
  }
}

}  // namespace
}  // namespace tessera
