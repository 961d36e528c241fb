// What holds for every kind of head. A new kind is tested by its name in the enum.
#include "heads/image_head.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <numbers>

#include "ops/pixels.h"
#include "tests/heads/random_head.h"

namespace tessera {
namespace {

Tensor RandomCodes(at::IntArrayRef shape, uint64_t item) {
  return FromPixelValues(torch::randint(0, 256, shape, Rng(200'000 + item), torch::kDouble));
}

std::string NameOf(const HeadConfig& config) {
  return std::string(EnumName(config.kind)) + " " + std::string(EnumName(config.gmm.covariance)) +
         " " + std::string(EnumName(config.fourier.support)) + " " +
         std::string(EnumName(config.diffusion.schedule)) + " " +
         std::string(EnumName(config.codes.softmax));
}

// Every kind, and every choice that changes what kind of distribution it is.
std::vector<HeadConfig> Heads() {
  std::vector<HeadConfig> all;
  for (size_t kind = 0; kind < EnumNames(HeadKind{}).size(); ++kind) {
    const HeadConfig config{.kind = static_cast<HeadKind>(kind),
                            .width = 8,
                            .depth = 1,
                            .gmm = {.components = 2},
                            .fourier = {.frequencies = 3}};
    const auto add_each = [&](auto HeadConfig::*section, auto member) {
      using Choice = std::remove_cvref_t<decltype((config.*section).*member)>;
      for (size_t choice = 0; choice < EnumNames(Choice{}).size(); ++choice) {
        all.push_back(config);
        (all.back().*section).*member = static_cast<Choice>(choice);
      }
    };
    if (config.kind == HeadKind::kDiffusion) {
      add_each(&HeadConfig::diffusion, &DiffusionConfig::schedule);
    } else if (config.kind == HeadKind::kGmm) {
      add_each(&HeadConfig::gmm, &GmmConfig::covariance);
    } else if (config.kind == HeadKind::kFourier) {
      add_each(&HeadConfig::fourier, &FourierConfig::support);
    } else if (config.kind == HeadKind::kCodes) {
      add_each(&HeadConfig::codes, &CodesConfig::softmax);
    } else {
      all.push_back(config);
    }
  }
  return all;
}

SamplerConfig SamplerOf(const HeadConfig& config, double temperature = 1) {
  const bool cosine = config.diffusion.schedule == NoiseScheduleKind::kCosine;
  return {.kind = cosine ? SamplerKind::kDdim : SamplerKind::kMidpoint, .temperature = temperature};
}

// u + w (c - u)
std::vector<GuidanceCondition> Guided(const Tensor& c_NZ, const Tensor& u_NZ, const Tensor& w_N1) {
  return {{c_NZ, w_N1}, {u_NZ, 1 - w_N1}};
}

class EveryHead : public testing::TestWithParam<HeadConfig> {
 protected:
  Tensor Sample(const std::vector<GuidanceCondition>& guidance, double temperature = 1,
                uint64_t first_rng = 0) {
    auto rngs = Rngs(guidance.front().z_NZ.size(0), first_rng);
    return head_->Sample({guidance}, SamplerOf(GetParam(), temperature), rngs);
  }

  const std::shared_ptr<ImageHead> head_ = RandomHead(GetParam());
};

std::string TestName(const testing::TestParamInfo<HeadConfig>& info) {
  std::string name = NameOf(info.param);
  std::ranges::replace_if(
      name, [](char c) { return !std::isalnum(c); }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(ImageHead, EveryHead, testing::ValuesIn(Heads()), TestName);

TEST_P(EveryHead, HasALossThatIsTheMeanOverItsPatches) {
  const HeadLoss loss =
      head_->Loss(Randn({5, kConditionDim}, 0), RandomCodes({5, kPatchDim}, 1), Rng(7));
  EXPECT_TRUE(std::isfinite(loss.mean.item<double>()));
  EXPECT_NEAR(loss.by_patch_N.mean().item<double>(), loss.mean.item<double>(), 1e-9);
  EXPECT_EQ(loss.by_patch_N.sizes(), at::IntArrayRef({5}));
  EXPECT_FALSE(loss.by_patch_N.requires_grad());
}

TEST_P(EveryHead, HasTheGradientOfFiniteDifferences) {
  std::vector<Tensor> moved = head_->parameters(), directions;
  moved.insert(moved.begin(), Randn({5, kConditionDim}, 0).requires_grad_());
  for (const Tensor& tensor : moved) {
    directions.push_back(Randn(tensor.sizes(), 2 + directions.size()));
  }
  const Tensor x_ND = RandomCodes({5, kPatchDim}, 1);
  head_->Loss(moved.front(), x_ND, Rng(7)).mean.backward();
  EXPECT_GT(moved.front().grad().abs().min().item<double>(), 0);  // it reaches the condition
  const auto loss_at = [&](double step) {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < moved.size(); ++i) {
      moved[i].add_(directions[i], step);
    }
    const double loss = head_->Loss(moved.front(), x_ND, Rng(7)).mean.item<double>();
    for (size_t i = 0; i < moved.size(); ++i) {
      moved[i].sub_(directions[i], step);
    }
    return loss;
  };
  double slope = 0;
  for (size_t i = 0; i < moved.size(); ++i) {
    slope += (moved[i].grad() * directions[i]).sum().item<double>();
  }
  const double difference = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5;
  EXPECT_NEAR(slope / difference, 1, 1e-6) << slope << " " << difference;
}

// What is known of a head whose parameters are all 0, of patches of zeros.
double LossWithoutParameters(const HeadConfig& config) {
  const double normal = std::log(2 * std::numbers::pi) / 2 + kNatsPerPixelValue;
  switch (config.kind) {
    case HeadKind::kDiffusion:  // puts out 0 for a clean patch of 0
      return 0;
    case HeadKind::kMse:
    case HeadKind::kGmm:  // a standard normal, or a mixture of equal ones
      return normal;
    case HeadKind::kFourier:  // uniform over the period; on the line 1 / (2 s) at 0 too
      return std::log(2 * config.fourier.half_period) + kNatsPerPixelValue;
    case HeadKind::kSoftmax256:
      return std::log(256);
    case HeadKind::kCodes:
      return std::log(kCodesOfAVector);
  }
  return NAN;
}

TEST_P(EveryHead, HasAKnownLossWithoutParameters) {
  const torch::NoGradGuard no_grad;
  for (Tensor& parameter : head_->parameters()) {
    parameter.zero_();
  }
  const Tensor z_NZ = Randn({50, kConditionDim}, 0);
  const HeadLoss loss = head_->Loss(z_NZ, torch::zeros({50, kPatchDim}, torch::kDouble), Rng(7));
  EXPECT_NEAR(loss.mean.item<double>(), LossWithoutParameters(GetParam()), 1e-5);
}

TEST_P(EveryHead, StartsNearItsLossWithoutParameters) {
  const auto head =
      MakeImageHead(GetParam(), kConditionDim, kPatchDim, RandomAutoencoder(GetParam(), kPatchDim));
  const Tensor z_NZ = torch::randn({50, kConditionDim}, Rng(3));
  EXPECT_NEAR(head->Loss(z_NZ, torch::zeros({50, kPatchDim}), Rng(7)).mean.item<double>(),
              LossWithoutParameters(GetParam()), 1e-3);
}

TEST_P(EveryHead, DrawsARowThatDoesNotDependOnTheBatch) {
  const Tensor c_NZ = Randn({4, kConditionDim}, 0), u_NZ = Randn({4, kConditionDim}, 1);
  const Tensor w_N1 = torch::tensor({{2.}, {1.}, {0.}, {1.5}});
  const Tensor together_ND = Sample(Guided(c_NZ, u_NZ, w_N1));
  EXPECT_TRUE(at::isfinite(together_ND).all().item<bool>());
  for (int64_t i = 0; i < 4; ++i) {
    const auto row = [&](const Tensor& of_N) { return of_N.slice(0, i, i + 1); };
    const Tensor alone_ND = Sample(Guided(row(c_NZ), row(u_NZ), row(w_N1)), 1, i);
    EXPECT_TRUE(at::allclose(together_ND[i], alone_ND[0], 0, 1e-9)) << i;
  }
}

TEST_P(EveryHead, HasOneAnswerWithoutTemperature) {
  const Tensor x_ND = Sample(One(Randn({1, kConditionDim}, 0).expand({3, kConditionDim})), 0);
  EXPECT_TRUE(at::allclose(x_ND, x_ND.slice(0, 0, 1).expand_as(x_ND), 0, 1e-9));
  const Tensor noisy_ND = Sample(One(Randn({1, kConditionDim}, 0).expand({3, kConditionDim})), 1);
  EXPECT_FALSE(at::allclose(noisy_ND[0], noisy_ND[1]));
}

// A mixture chooses among candidates when it is guided, so that it draws other numbers.
TEST_P(EveryHead, GuidedByNothingIsTheConditionOrItsAbsence) {
  if (GetParam().kind == HeadKind::kGmm) {
    return;  // see GuidedDrawsFollowTheProductOfProbabilities
  }
  const Tensor c_NZ = Randn({3, kConditionDim}, 0), u_NZ = Randn({3, kConditionDim}, 1);
  const auto guided = [&](double w) { return Sample(Guided(c_NZ, u_NZ, torch::full({3, 1}, w))); };
  EXPECT_TRUE(torch::equal(guided(1), Sample(One(c_NZ))));
  EXPECT_TRUE(torch::equal(guided(0), Sample(One(u_NZ))));
  EXPECT_FALSE(torch::equal(guided(3), Sample(One(c_NZ))));
}

TEST_P(EveryHead, MeasuresARowAsItDoesAlone) {
  const Tensor z_NZ = Randn({4, kConditionDim}, 0), x_ND = RandomCodes({4, kPatchDim}, 1);
  const Likelihood all = head_->Measure(z_NZ, x_ND, Rng(1));
  EXPECT_TRUE(at::isfinite(all.bits_N).all().item<bool>());
  EXPECT_EQ(all.bits_N.scalar_type(), torch::kDouble);
  if (all.kind == LikelihoodKind::kExact) {
    const Tensor one_N = head_->Measure(z_NZ.slice(0, 2, 3), x_ND.slice(0, 2, 3), Rng(2)).bits_N;
    EXPECT_NEAR(one_N.item<double>(), all.bits_N[2].item<double>(), 1e-9);
  }
}

// A patch is one number, all of whose 256 probabilities fit on one page.
class EveryHeadOfOneNumber : public EveryHead {
 protected:
  // [256], of one condition
  Likelihood MassesUnder(const Tensor& z_1Z) {
    const Tensor x_ND = FromPixelValues(torch::arange(256, torch::kDouble)).unsqueeze(1);
    Likelihood likelihood = head_->Measure(z_1Z.expand({256, kConditionDim}), x_ND, Rng(1));
    likelihood.bits_N = torch::exp2(-likelihood.bits_N);
    return likelihood;
  }

  // Greatest distance of distribution functions between draws and probabilities.
  double Distance(const std::vector<GuidanceCondition>& guidance, const Tensor& mass_C) {
    std::vector<GuidanceCondition> repeated;
    for (const GuidanceCondition& condition : guidance) {
      repeated.push_back({condition.z_NZ.expand({kDraws, kConditionDim}),
                          condition.weight_N1.expand({kDraws, 1})});
    }
    auto rngs = Rngs(kDraws);
    const Tensor x_N1 = head_->Sample({repeated}, SamplerOf(GetParam()), rngs);
    const Tensor count_C = at::bincount(PixelValues(x_N1).flatten().to(torch::kLong), {}, 256);
    return (count_C.to(torch::kDouble).cumsum(0) / kDraws - mass_C.cumsum(0))
        .abs()
        .max()
        .item<double>();
  }

  bool IsExact() {
    const Tensor x_ND = torch::zeros({1, 1}, torch::kDouble);
    return head_->Measure(z_1Z_, x_ND, Rng(1)).kind == LikelihoodKind::kExact;
  }

  static constexpr int64_t kDraws = 1000;
  static constexpr double kKolmogorov = 1.95 / 31.6;  // exceeded once in a thousand times

  const std::shared_ptr<ImageHead> head_ = RandomHead(GetParam(), 1);
  const Tensor z_1Z_ = Randn({1, kConditionDim}, 0);
};
INSTANTIATE_TEST_SUITE_P(ImageHead, EveryHeadOfOneNumber, testing::ValuesIn(Heads()), TestName);

TEST_P(EveryHeadOfOneNumber, HasProbabilitiesThatSumToOneIfExact) {
  const Likelihood mass = MassesUnder(z_1Z_);
  const double sum = mass.bits_N.sum().item<double>();
  if (mass.kind == LikelihoodKind::kExact) {
    EXPECT_NEAR(sum, 1, 1e-9);
  } else if (mass.kind != LikelihoodKind::kOfCodes) {  // that many pictures share
    EXPECT_LT(sum, 1.05);
  }
}

TEST_P(EveryHeadOfOneNumber, DrawsFromTheProbabilitiesThatItMeasures) {
  if (IsExact()) {
    EXPECT_LT(Distance(One(z_1Z_), MassesUnder(z_1Z_).bits_N), kKolmogorov);
  }
}

TEST_P(EveryHeadOfOneNumber, GuidedDrawsFollowTheProductOfProbabilities) {
  if (IsExact()) {
    const Tensor other_1Z = Randn({1, kConditionDim}, 1);
    const Tensor product_C =
        MassesUnder(z_1Z_).bits_N.pow(1.5) * MassesUnder(other_1Z).bits_N.pow(-.5);
    const auto guided = Guided(z_1Z_, other_1Z, torch::full({1, 1}, 1.5));
    EXPECT_LT(Distance(guided, product_C / product_C.sum()), kKolmogorov);
  }
}

// The squared error alone says nothing about its one standard deviation: that has to be learned as
// fast as the rest, or the likelihood says how long it took.
TEST(MseHead, LearnsItsDeviationInTwoHundredSteps) {
  const double sd = .1;
  const auto head = MakeImageHead({.kind = HeadKind::kMse, .width = 8, .depth = 1}, kConditionDim,
                                  kPatchDim, nullptr);
  torch::optim::Adam adam(head->parameters(), torch::optim::AdamOptions(1.5e-3));
  const auto patches = [&](uint64_t item) {
    return FromPixelValues(PixelValues(sd * torch::randn({64, kPatchDim}, Rng(item))));
  };
  const Tensor z_NZ = torch::zeros({64, kConditionDim});
  for (uint64_t step = 0; step < 200; ++step) {
    adam.zero_grad();
    head->Loss(z_NZ, patches(step), Rng(1'000 + step)).mean.backward();
    adam.step();
  }
  const double bits = head->Measure(z_NZ, patches(999), Rng(0)).bits_N.mean().item<double>();
  const double entropy =
      std::log2(127.5 * sd) + std::log2(2 * std::numbers::pi * std::numbers::e) / 2;
  EXPECT_NEAR(bits, entropy, .15);
}

}  // namespace
}  // namespace tessera
