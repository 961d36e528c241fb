#include "analysis/measure/distribution.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/random.h"

namespace tessera {
namespace {

at::Generator Rng(uint64_t step) { return MakeGenerator(torch::kCPU, 0, Stream::kTest, step); }

Tensor Randn(at::IntArrayRef shape, uint64_t step) {
  return at::randn(shape, Rng(step), torch::dtype(torch::kDouble));
}

// 6 pictures of 3 features each, whose distances were computed by a few lines of numpy.
Tensor SmallA() {
  const auto at = [](int64_t i, int64_t j) {
    return static_cast<double>((i * 7 + j * 3) % 5) / 2 - 1;
  };
  Tensor a = at::empty({6, 3}, torch::kDouble);
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 3; ++j) {
      a[i][j] = at(i, j);
    }
  }
  return a;
}

Tensor SmallB() {
  Tensor b = at::empty({6, 3}, torch::kDouble);
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 3; ++j) {
      b[i][j] = static_cast<double>((i * 4 + j * 5) % 7) / 3 - 1;
    }
  }
  return b;
}

// Features with exactly this mean and covariance R R^T: whitened noise, mapped.
Tensor Exactly(const Tensor& mean_F, const Tensor& map_FF, uint64_t step) {
  Tensor x_NF = Randn({500, mean_F.size(0)}, step);
  x_NF = x_NF - x_NF.mean(0);
  const Tensor covariance_FF = at::matmul(x_NF.t(), x_NF) / 499.;
  const Tensor white_NF = at::matmul(x_NF, at::linalg_inv(at::linalg_cholesky(covariance_FF)).t());
  return at::matmul(white_NF, map_FF.t()) + mean_F;
}

TEST(FrechetDistance, IsZeroOfASetAndItselfAlsoWithFewPictures) {
  for (const int64_t pictures : {10, 1000}) {
    const Tensor a_NF = Randn({pictures, 32}, 0);
    EXPECT_NEAR(FrechetDistance(a_NF, a_NF), 0, 1e-6) << pictures;
  }
}

TEST(FrechetDistance, IsThatOfGaussiansInClosedForm) {
  const Tensor mean_a = Randn({5}, 1), mean_b = Randn({5}, 2);
  // Commuting covariances: |m_a - m_b|^2 + sum (s_a - s_b)^2 over their common axes.
  const Tensor axes_FF = std::get<0>(at::linalg_qr(Randn({5, 5}, 3)));
  const Tensor s_a = at::arange(1, 6, torch::kDouble), s_b = Randn({5}, 4).abs();
  const double expected =
      ((mean_a - mean_b).square().sum() + (s_a - s_b).square().sum()).item<double>();
  EXPECT_NEAR(FrechetDistance(Exactly(mean_a, axes_FF * s_a, 5), Exactly(mean_b, axes_FF * s_b, 6)),
              expected, 1e-8);
}

TEST(FrechetDistance, IsThatOfTheProductsEigenvaluesWhereCovariancesDoNotCommute) {
  EXPECT_NEAR(FrechetDistance(SmallA(), SmallB()), 0.27690850416595403, 1e-7);  // numpy
}

TEST(FrechetDistance, RisesWithAddedNoise) {
  const Tensor a_NF = Randn({2000, 8}, 0), noise_NF = Randn({2000, 8}, 1);
  double before = 0;
  for (const double scale : {.1, .3, 1., 3.}) {
    const double distance = FrechetDistance(a_NF, a_NF + scale * noise_NF);
    EXPECT_GT(distance, before) << scale;
    before = distance;
  }
}

TEST(PolynomialMmd, IsThatOfNumpyAndOfTheSumOverPairs) {
  const Tensor a = SmallA(), b = SmallB();
  EXPECT_NEAR(PolynomialMmd(a, b), -0.5548054899320904, 1e-12);  // numpy
  const auto kernel = [](const Tensor& x, const Tensor& y) {
    return std::pow((x * y).sum().item<double>() / 3 + 1, 3);
  };
  double same = 0, cross = 0;
  for (int64_t i = 0; i < 6; ++i) {
    for (int64_t j = 0; j < 6; ++j) {
      same += i == j ? 0 : kernel(a[i], a[j]) + kernel(b[i], b[j]);
      cross += kernel(a[i], b[j]);
    }
  }
  EXPECT_NEAR(PolynomialMmd(a, b), same / 30 - 2 * cross / 36, 1e-12);
}

// E of the kernel of Gaussians N(0, I) and N(m, I) in one dimension: (x y + 1)^3 has the
// expectation E x^3 E y^3 + 3 E x^2 E y^2 + 3 E x E y + 1.
TEST(KernelInceptionDistance, LiesWithinItsStandardErrorOfTheExactMmd) {
  const double m = .7;
  const double third = m * m * m + 3 * m, second = m * m + 1;
  const double exact =
      (3 + 1) + (third * third + 3 * second * second + 3 * m * m + 1) - 2 * (3 * second + 1);
  const KernelDistance kid =
      KernelInceptionDistance(Randn({4000, 1}, 0), Randn({4000, 1}, 1) + m, 20, Rng(2));
  EXPECT_LT(std::abs(kid.mean - exact), 2.5 * kid.error);
  EXPECT_LT(kid.error, .1 * exact);
  EXPECT_GT(kid.error, 0);
}

TEST(KernelInceptionDistance, IsZeroOnAverageOfEqualDistributions) {
  const KernelDistance kid =
      KernelInceptionDistance(Randn({4000, 8}, 0), Randn({4000, 8}, 1), 20, Rng(2));
  EXPECT_LT(std::abs(kid.mean), 3 * kid.error);
}

// True pictures at 0, 1, 2 and 10 on a line, k = 1: balls [-1, 1], [0, 2], [1, 3], [2, 18].
// Drawn at 2.5, 0.5, 30, 31: the first two are in a ball. Balls of the drawn: [.5, 4.5],
// [-1.5, 2.5], [29, 31], [30, 32]: all true ones but 10 are in one.
TEST(MeasurePrecisionRecall, CountsPointsInBallsOfHandMadeSets) {
  const auto line = [](std::vector<double> x) {
    return at::tensor(x, torch::kDouble).unsqueeze(1);
  };
  const PrecisionRecall found =
      MeasurePrecisionRecall(line({0, 1, 2, 10}), line({2.5, .5, 30, 31}), 1);
  EXPECT_EQ(found.precision, .5);
  EXPECT_EQ(found.recall, .75);
}

TEST(MeasurePrecisionRecall, TellsDroppedModesFromWrongPictures) {
  const Tensor two_modes = at::cat({Randn({100, 4}, 0), Randn({100, 4}, 1) + 100});
  const PrecisionRecall dropped = MeasurePrecisionRecall(two_modes, Randn({200, 4}, 2) * .5, 3);
  EXPECT_GT(dropped.precision, .95);
  EXPECT_LT(dropped.recall, .55);
  const PrecisionRecall same = MeasurePrecisionRecall(two_modes, two_modes, 3);
  EXPECT_EQ(same.precision, 1);
  EXPECT_EQ(same.recall, 1);
}

// Two points against two points, by hand; and a batch is its parts.
TEST(EnergyDistance, IsTheSumOverPairs) {
  const Tensor x = at::tensor({0., 2.}, torch::kDouble).view({1, 2, 1});
  const Tensor y = at::tensor({1., 5.}, torch::kDouble).view({1, 2, 1});
  EXPECT_NEAR(EnergyDistance(x, y)[0].item<double>(), 2 * (1 + 5 + 1 + 3) / 4. - 2 - 4, 1e-12);
  const Tensor many = Randn({3, 5, 4}, 0), others = Randn({3, 6, 4}, 1);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(EnergyDistance(many, others)[i].item<double>(),
                EnergyDistance(many.narrow(0, i, 1), others.narrow(0, i, 1)).item<double>(), 1e-12);
  }
}

TEST(EnergyDistance, IsZeroOnAverageOfEqualDistributionsAndPositiveOfOthers) {
  const Tensor x = Randn({2000, 4, 3}, 0), y = Randn({2000, 4, 3}, 1);
  EXPECT_NEAR(EnergyDistance(x, y).mean().item<double>(), 0, .05);
  EXPECT_GT(EnergyDistance(x, y + 1).mean().item<double>(), .5);
}

TEST(FrechetError, FallsWithTheRootOfTheNumberOfPictures) {
  const auto error = [](int64_t pictures) {
    const auto rng = MakeGenerator(torch::kCPU, 3, Stream::kTest, 0);
    const Gaussian real{at::zeros({4}, torch::kDouble), at::eye(4, torch::kDouble)};
    const Tensor drawn_NF = at::randn({pictures, 4}, rng, torch::kDouble) + .5;
    return FrechetError(real, drawn_NF, rng);
  };
  const double ratio = error(200) / error(3200);  // 4 but for chance
  EXPECT_GT(ratio, 2);
  EXPECT_LT(ratio, 8);
}

TEST(InceptionScore, IsTheNumberOfClassesOfSurePicturesAndOneOfUnsureOnes) {
  EXPECT_NEAR(InceptionScore(1000 * at::eye(5)), 5, 1e-9);
  EXPECT_NEAR(InceptionScore(at::zeros({7, 5})), 1, 1e-9);
  EXPECT_NEAR(InceptionScore(1000 * at::eye(5).slice(0, 0, 2)), 2, 1e-9);
}

}  // namespace
}  // namespace tessera
