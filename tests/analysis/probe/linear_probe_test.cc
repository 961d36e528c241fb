#include "analysis/probe/linear_probe.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "ops/random.h"

namespace tessera {
namespace {

Tensor Randn(at::IntArrayRef shape, uint64_t step) {
  return at::randn(shape, MakeGenerator(torch::kCPU, 0, Stream::kTest, step),
                   torch::dtype(torch::kDouble));
}

// Sample i is of document i / 4.
ProbeSplit Split(int64_t samples) {
  return SplitByDocument(at::arange(samples, torch::kLong).div(4, "floor"));
}

TEST(SplitByDocument, NeverPutsADocumentInTwoParts) {
  const Tensor document_N = at::randint(37, {500}, torch::kLong);
  const ProbeSplit split = SplitByDocument(document_N);
  std::vector<std::set<int64_t>> parts;
  int64_t total = 0;
  for (const Tensor& index : {split.fit_F, split.choose_V, split.judge_J}) {
    const Tensor documents = at::index_select(document_N, 0, index);
    parts.emplace_back(documents.data_ptr<int64_t>(),
                       documents.data_ptr<int64_t>() + documents.size(0));
    total += index.size(0);
  }
  EXPECT_EQ(total, 500);
  for (const int64_t document : parts[0]) {
    EXPECT_FALSE(parts[1].contains(document) || parts[2].contains(document));
  }
  for (const int64_t document : parts[1]) {
    EXPECT_FALSE(parts[2].contains(document));
  }
}

TEST(ProbeNumbers, RecoversWhatALosslessMapHasKept) {
  const Tensor y_NK = Randn({400, 12}, 0), map_KW = Randn({12, 16}, 1);
  const ProbeScore score = ProbeNumbers(at::matmul(y_NK, map_KW) + 3, y_NK, Split(400));
  EXPECT_GT(score.score, .9999);
  EXPECT_EQ(score.judged, 80);
}

TEST(ProbeNumbers, FindsTheShareOfTheVarianceThatALossyMapHasKept) {
  const Tensor y_NK = Randn({4000, 12}, 0);
  const ProbeScore score = ProbeNumbers(y_NK.narrow(1, 0, 3), y_NK, Split(4000));
  EXPECT_NEAR(score.score, 3. / 12, .02);
}

TEST(ProbeNumbers, FindsNothingInStatesThatKnowNothing) {
  EXPECT_NEAR(ProbeNumbers(Randn({4000, 8}, 0), Randn({4000, 3}, 1), Split(4000)).score, 0, .02);
}

TEST(ProbeNumbers, DoesNotCountWhatTheGroupTells) {
  const Tensor group_N = at::arange(4000, torch::kLong).remainder(5);
  const Tensor offset_NK = Randn({5, 3}, 2).index_select(0, group_N) * 100;
  const Tensor y_NK = Randn({4000, 3}, 1);
  const Tensor x_NW = at::cat({y_NK.narrow(1, 0, 1), Randn({4000, 4}, 3)}, 1) +
                      Randn({5, 5}, 4).index_select(0, group_N) * 100;
  const ProbeScore score = ProbeNumbers(x_NW, y_NK + offset_NK, Split(4000), group_N);
  EXPECT_NEAR(score.score, 1. / 3, .02);
}

// The normal equations, solved directly.
TEST(ProbeNumbers, IsRidgeRegression) {
  const Tensor x_NW = Randn({100, 6}, 0),
               y_NK = at::matmul(x_NW, Randn({6, 2}, 1)) + Randn({100, 2}, 2);
  const ProbeSplit split = Split(100);
  const ProbeScore score = ProbeNumbers(x_NW, y_NK, split);
  const auto rows = [](const Tensor& t, const Tensor& i) { return at::index_select(t, 0, i); };
  const Tensor x_1W = rows(x_NW, split.fit_F).mean(0, true),
               y_1K = rows(y_NK, split.fit_F).mean(0, true);
  const Tensor x_FW = rows(x_NW, split.fit_F) - x_1W, y_FK = rows(y_NK, split.fit_F) - y_1K;
  const Tensor gram_WW = at::matmul(x_FW.t(), x_FW);
  const double ridge = score.ridge * gram_WW.trace().item<double>() / 6;
  const Tensor map_WK =
      at::linalg_solve(gram_WW + ridge * at::eye(6, torch::kDouble), at::matmul(x_FW.t(), y_FK));
  const Tensor y_JK = rows(y_NK, split.judge_J) - y_1K;
  const Tensor error_JK = y_JK - at::matmul(rows(x_NW, split.judge_J) - x_1W, map_WK);
  EXPECT_NEAR(score.score, 1 - (error_JK.square().sum() / y_JK.square().sum()).item<double>(),
              1e-9);
}

TEST(ProbeClass, FindsAnAttributeThatWasAddedAndNoneWhereNoneWas) {
  const Tensor class_N = at::randint(4, {1000}, MakeGenerator(torch::kCPU, 0, Stream::kTest, 9),
                                     torch::dtype(torch::kLong));
  const Tensor noise_NW = Randn({1000, 16}, 0), vector_CW = Randn({4, 16}, 1) * 8;
  const ProbeScore planted =
      ProbeClass(noise_NW + vector_CW.index_select(0, class_N), class_N, Split(1000));
  EXPECT_EQ(planted.score, 1);
  const ProbeScore none = ProbeClass(noise_NW, class_N, Split(1000));
  EXPECT_NEAR(none.score, .25, .1);
  EXPECT_NEAR(none.chance, .25, .1);
}

TEST(ProbeClass, SaysThatTooFewDocumentsTellNothing) {
  EXPECT_TRUE(
      std::isnan(ProbeClass(Randn({4, 2}, 0), at::arange(4, torch::kLong), Split(4)).score));
}

}  // namespace
}  // namespace tessera
