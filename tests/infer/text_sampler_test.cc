#include "infer/text_sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

namespace tessera {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// Ids in no order, with probabilities .4, .1, .3, .2 and none.
Tensor Logits() {
  return torch::tensor({std::log(.4), std::log(.1), std::log(.3), std::log(.2), kNever});
}

std::vector<double> Probabilities(const GenerateConfig& config) {
  const Tensor p_V = TextProbabilities(Logits(), config);
  return {p_V.data_ptr<double>(), p_V.data_ptr<double>() + p_V.numel()};
}

void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], 1e-7) << "id " << i;
  }
}

TEST(TextProbabilities, AreTheSoftmaxByDefault) {
  ExpectNear(Probabilities({}), {.4, .1, .3, .2, 0});
}

TEST(TextProbabilities, AtTemperatureZeroAreAllOnTheLikeliest) {
  ExpectNear(Probabilities({.text_temperature = 0}), {1, 0, 0, 0, 0});
}

TEST(TextProbabilities, AtTemperatureOneHalfAreSquared) {
  ExpectNear(Probabilities({.text_temperature = .5}), {16 / 30., 1 / 30., 9 / 30., 4 / 30., 0});
}

TEST(TextProbabilities, TopKKeepsTheKLikeliest) {
  ExpectNear(Probabilities({.top_k = 1}), {1, 0, 0, 0, 0});
  ExpectNear(Probabilities({.top_k = 2}), {4 / 7., 0, 3 / 7., 0, 0});
  ExpectNear(Probabilities({.top_k = 9}), {.4, .1, .3, .2, 0});
}

TEST(TextProbabilities, TopPKeepsTheFewestThatReachP) {
  ExpectNear(Probabilities({.top_p = .39}), {1, 0, 0, 0, 0});
  ExpectNear(Probabilities({.top_p = .41}), {4 / 7., 0, 3 / 7., 0, 0});
  ExpectNear(Probabilities({.top_p = .69}), {4 / 7., 0, 3 / 7., 0, 0});
  ExpectNear(Probabilities({.top_p = .71}), {4 / 9., 0, 3 / 9., 2 / 9., 0});
}

TEST(TextProbabilities, MinPKeepsThoseOfAShareOfTheLikeliest) {
  ExpectNear(Probabilities({.min_p = 1}), {1, 0, 0, 0, 0});
  ExpectNear(Probabilities({.min_p = .74}), {4 / 7., 0, 3 / 7., 0, 0});
  ExpectNear(Probabilities({.min_p = .76}), {1, 0, 0, 0, 0});
  ExpectNear(Probabilities({.min_p = .26}), {4 / 9., 0, 3 / 9., 2 / 9., 0});
}

TEST(TextProbabilities, TopPCountsAmongTheIdsThatTopKKeeps) {
  ExpectNear(Probabilities({.top_k = 2, .top_p = .56}), {1, 0, 0, 0, 0});
  ExpectNear(Probabilities({.top_k = 2, .top_p = .58}), {4 / 7., 0, 3 / 7., 0, 0});
}

TEST(SampleText, DrawsEachIdAsOftenAsItsProbabilityWithinFourSigma) {
  constexpr int kDraws = 2000;
  const at::Generator rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0);
  for (const GenerateConfig& config :
       {GenerateConfig{}, GenerateConfig{.text_temperature = 2, .top_k = 3}}) {
    const std::vector<double> expected = Probabilities(config);
    std::vector<int> count(expected.size());
    for (int i = 0; i < kDraws; ++i) {
      ++count[SampleText(Logits(), config, rng)];
    }
    for (size_t id = 0; id < count.size(); ++id) {
      const double p = expected[id];
      EXPECT_LE(std::abs(count[id] - kDraws * p), 4 * std::sqrt(kDraws * p * (1 - p))) << id;
    }
  }
}

TEST(SampleText, IsAFunctionOfItsGenerator) {
  for (uint64_t step = 0; step < 5; ++step) {
    const auto draw = [&] {
      return SampleText(Logits(), {}, MakeGenerator(torch::kCPU, 1, Stream::kTest, step));
    };
    EXPECT_EQ(draw(), draw());
  }
}

}  // namespace
}  // namespace tessera
