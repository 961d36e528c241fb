#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ops/attention.h"
#include "ops/norm.h"
#include "ops/random.h"
#include "ops/rotary.h"

namespace tessera {
namespace {

TEST(Random, IsAPureFunctionOfItsFourNumbers) {
  const auto draw = [](uint64_t seed, Stream stream, uint64_t step, uint64_t item) {
    return at::randn({8}, MakeGenerator(torch::kCPU, seed, stream, step, item));
  };
  const Tensor x = draw(1, Stream::kData, 2, 3);
  EXPECT_TRUE(torch::equal(x, draw(1, Stream::kData, 2, 3)));
  EXPECT_FALSE(torch::equal(x, draw(2, Stream::kData, 2, 3)));
  EXPECT_FALSE(torch::equal(x, draw(1, Stream::kLoss, 2, 3)));
  EXPECT_FALSE(torch::equal(x, draw(1, Stream::kData, 3, 3)));
  EXPECT_FALSE(torch::equal(x, draw(1, Stream::kData, 2, 4)));
}

TEST(Random, ARowDoesNotDependOnItsBatch) {
  std::vector<at::Generator> two, one;
  for (uint64_t i = 0; i < 2; ++i) {
    two.push_back(MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, i));
  }
  one.push_back(MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, 1));
  EXPECT_TRUE(
      torch::equal(RandnRows(two, 5, torch::kFloat32)[1], RandnRows(one, 5, torch::kFloat32)[0]));
}

TEST(RmsNorm, GivesUnitMeanSquare) {
  const Tensor x = torch::randn({3, 64}, torch::kFloat64) * 5 + 1;
  const Tensor y = RmsNorm(x, torch::ones({64}, torch::kFloat64), 0);
  EXPECT_TRUE(torch::allclose(y.square().mean(-1), torch::ones({3}, torch::kFloat64)));
}

// The dot product of rotated vectors depends on the distance of their positions alone.
TEST(Rotary, IsRelative) {
  const Tensor q = torch::randn({1, 1, 1, 16}, torch::kFloat64);
  const Tensor k = torch::randn({1, 1, 1, 16}, torch::kFloat64);
  const auto dot = [&](int64_t at_q, int64_t at_k) {
    const auto rotary = [](int64_t at) {
      return MakeRotary(torch::full({1, 1, 2}, at), 16, {1e4}, torch::kFloat64);
    };
    return (Rotate(q, rotary(at_q)) * Rotate(k, rotary(at_k))).sum().item<double>();
  };
  EXPECT_NEAR(dot(9, 4), dot(105, 100), 1e-9);
  EXPECT_NEAR(dot(3, 3), (q * k).sum().item<double>(), 1e-9);
  EXPECT_GT(std::abs(dot(9, 4) - dot(4, 9)), 1e-3);
}

// RotaryCoordinates that need no rounding: pair e turns by its own one times its frequency.
TEST(Rotary, TurnsEvenPairsByTheRowAndOddPairsByTheColumn) {
  const double row = 2.5, col = -7;
  for (const int64_t dim : {2, 6, 8}) {
    const auto [cos_E, sin_E] = MakeRotary(
        torch::tensor({row, col}, torch::kFloat64).view({1, 1, 2}), dim, {100}, torch::kFloat64);
    for (int64_t e = 0; e < dim / 2; ++e) {
      const double angle = (e % 2 == 0 ? row : col) * std::pow(100., -2. * double(e) / double(dim));
      EXPECT_NEAR(cos_E.flatten()[e].item<double>(), std::cos(angle), 1e-12);
      EXPECT_NEAR(sin_E.flatten()[dim / 2 + e].item<double>(), std::sin(angle), 1e-12);
    }
  }
}

Tensor CausalBias(const Tensor& document_BT, torch::Dtype dtype) {
  const Tensor slot_BT = torch::arange(document_BT.size(1)).expand_as(document_BT);
  return VisibilityBias(document_BT, slot_BT, slot_BT, dtype);
}

TEST(Attention, SeenBiasIsItsDefinition) {
  const Tensor document_BT = torch::tensor({{0, 0, 0, 1, 1, 1, -1, -1}, {0, 0, 0, 0, 0, 0, 0, 0}});
  const Tensor position_BT = torch::tensor({{0, 1, 2, 0, 1, 2, 0, 0}, {0, 1, 2, 3, 4, 5, 6, 7}});
  const Tensor visible_to_BT = torch::tensor({{1, 1, 2, 0, 2, 2, 0, 0}, {3, 3, 3, 3, 5, 5, 6, 7}});
  const Tensor visible_from_BT =
      torch::tensor({{0, 1, 0, 0, 1, 2, 0, 0}, {0, 0, 0, 3, 4, 4, 6, 0}});
  const Tensor bias = VisibilityBias(document_BT, position_BT, visible_to_BT, torch::kFloat32);
  const Tensor since =
      VisibilityBias(document_BT, position_BT, visible_to_BT, torch::kFloat32, visible_from_BT);
  const auto at = [](const Tensor& x, int64_t b, int64_t t) { return x[b][t].item<int64_t>(); };
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t t = 0; t < 8; ++t) {
      for (int64_t s = 0; s < 8; ++s) {
        const bool sees = at(document_BT, b, t) == at(document_BT, b, s) &&
                          at(position_BT, b, s) <= at(visible_to_BT, b, t);
        const bool late = at(position_BT, b, s) >= at(visible_from_BT, b, t);
        EXPECT_EQ(bias[b][0][t][s].item<double>() == 0, sees) << b << t << s;
        EXPECT_EQ(since[b][0][t][s].item<double>() == 0, sees && late) << b << t << s;
      }
    }
  }
}

TEST(Attention, EqualsItsDefinitionForGroupedHeads) {
  const auto options = torch::kFloat64;
  const Tensor q = torch::randn({2, 5, 4, 6}, options), k = torch::randn({2, 5, 2, 6}, options);
  const Tensor v = torch::randn({2, 5, 2, 6}, options);
  const Tensor bias = CausalBias(torch::tensor({{0, 0, 1, 1, 1}, {0, 0, 0, 0, -1}}), options);
  const Tensor y = Attention(q, k, v, bias);
  for (int64_t b = 0; b < 2; ++b) {
    for (int64_t t = 0; t < 5; ++t) {
      for (int64_t h = 0; h < 4; ++h) {
        const Tensor score_S = at::mv(k[b].select(1, h / 2), q[b][t][h]) / std::sqrt(6.0);
        const Tensor p_S = at::softmax(score_S + bias[b][0][t], 0);
        EXPECT_TRUE(torch::allclose(y[b][t][h], at::mv(v[b].select(1, h / 2).t(), p_S)));
      }
    }
  }
}

TEST(Attention, LongRowsTakeAnotherPathToTheSameNumbers) {
  const Tensor q = torch::randn({1, 300, 2, 8}), k = torch::randn({1, 300, 2, 8});
  const Tensor v = torch::randn({1, 300, 2, 8});
  const Tensor bias = CausalBias(torch::zeros({1, 300}, torch::kLong), torch::kFloat32);
  const Tensor last = Attention(q.narrow(1, 200, 1), k.narrow(1, 0, 201), v.narrow(1, 0, 201),
                                bias.narrow(2, 200, 1).narrow(3, 0, 201));
  EXPECT_TRUE(torch::allclose(Attention(q, k, v, bias).narrow(1, 200, 1), last, 1e-4, 1e-5));
}

TEST(Attention, CachedBiasShowsThePastOfEachRow) {
  const Tensor bias = CachedBias(torch::tensor({{0}, {2}}), 4, torch::kFloat32);
  EXPECT_TRUE(torch::equal(bias.view({2, 4}) == 0,
                           torch::tensor({{1, 0, 0, 0}, {1, 1, 1, 0}}).to(torch::kBool)));
  const Tensor since =
      CachedBias(torch::tensor({{0}, {2}}), 4, torch::kFloat32, torch::tensor({{0}, {1}}));
  EXPECT_TRUE(torch::equal(since.view({2, 4}) == 0,
                           torch::tensor({{1, 0, 0, 0}, {0, 1, 1, 0}}).to(torch::kBool)));
}

TEST(Attention, OfACacheReadsItsViewsWhereTheyLie) {
  const Tensor q = torch::randn({3, 2, 4, 20});
  const Tensor keys = torch::randn({5, 9, 2, 20}), values = torch::randn({5, 9, 2, 20});
  const Tensor k = keys.narrow(0, 1, 3).narrow(1, 0, 7), v = values.narrow(0, 1, 3).narrow(1, 0, 7);
  const Tensor seen = torch::tensor({{0, 1}, {6, 6}, {2, 4}});
  for (const Tensor& since : {Tensor(), torch::tensor({{0, 1}, {0, 5}, {2, 1}})}) {
    const at::AutoGradMode with_gradients(true);
    const Tensor expected = Attention(q, k, v, CachedBias(seen, 7, torch::kFloat32, since));
    EXPECT_TRUE(torch::equal(CachedAttention(q, k, v, seen, since), expected));
    const torch::NoGradGuard no_grad;  // then it reads them in place
    EXPECT_TRUE(torch::allclose(CachedAttention(q, k, v, seen, since), expected, 1e-5, 1e-6));
  }
}

}  // namespace
}  // namespace tessera
