// The likelihood of pictures that are drawn in rounds (objective masked).
#include <gtest/gtest.h>

#include "model/objectives/query_patches.h"
#include "ops/random.h"
#include "sequence/packer.h"
#include "tests/infer/toy_run.h"

namespace tessera {
namespace {

at::Generator Rng(uint64_t seed) { return MakeGenerator(torch::kCPU, seed, Stream::kTest, 0); }

TEST(RoundsAtRandom, FollowTheCosineInEveryOrder) {
  const Tensor picture_N = torch::tensor({0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1});
  Tensor met_NR = torch::zeros({11, 4}, torch::kBool);
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Tensor round_N = RoundsAtRandom(picture_N, 4, Rng(seed));
    // Left of 8 after each round: floor(8 cos(pi / 8)) = 7, 5, 3, 0. Of 3: 2, 2, 1, but each round
    // draws one at least.
    EXPECT_TRUE(
        torch::equal(at::bincount(round_N.slice(0, 0, 8), {}, 4), torch::tensor({1, 2, 2, 3})));
    EXPECT_TRUE(
        torch::equal(at::bincount(round_N.slice(0, 8), {}, 4), torch::tensor({1, 1, 1, 0})));
    met_NR = met_NR.logical_or(torch::one_hot(round_N, 4) > 0);
  }
  EXPECT_TRUE(met_NR.slice(0, 0, 8).all().item<bool>());
  EXPECT_TRUE(met_NR.slice(0, 8).slice(1, 0, 3).all().item<bool>());
}

class MaskedLikelihood : public testing::Test {
 protected:
  Likelihood Measure(const Batch& batch, int64_t rounds) {
    return toy_.model->objective().Measure(batch, {100, rounds}, Rng(3));
  }

  const ToyRun toy_{{{2, 2}, {1, 3}},
                    {.objective = ObjectiveKind::kMasked},
                    {.kind = HeadKind::kMse, .width = 16, .depth = 1}};
  const Batch batch_ = PackRows(
      {Layout({{"a red dot", NoisePicture(4, 4, 1)}}, toy_.layout, toy_.tokenizer)}, {{0}}, 2);
};

TEST_F(MaskedLikelihood, IsABoundEvenOfAHeadThatIsExact) {
  EXPECT_EQ(Measure(batch_, 2).kind, LikelihoodKind::kBound);
}

TEST_F(MaskedLikelihood, KnowsThePatchesOfEarlierRoundsAndNoOthers) {
  for (const int64_t rounds : {1, 2, 4}) {
    const Tensor round_N = RoundsAtRandom(torch::zeros({4}, torch::kLong), rounds, Rng(3));
    const Tensor bits_N = Measure(batch_, rounds).bits_N;
    for (int64_t p = 0; p < 4; ++p) {
      Batch changed = batch_;
      changed.patch_PD = batch_.patch_PD.clone();
      changed.patch_PD[p] = -changed.patch_PD[p];
      const Tensor changed_N = Measure(changed, rounds).bits_N;
      for (int64_t q = 0; q < 4; ++q) {
        const bool knows = p == q || round_N[q].item<int64_t>() > round_N[p].item<int64_t>();
        EXPECT_EQ(bits_N[q].item<double>() != changed_N[q].item<double>(), knows)
            << rounds << " rounds, patch " << p << " for " << q;
      }
    }
  }
}

// Each round once more, alone.
TEST_F(MaskedLikelihood, OfARoundIsThatOfItsHiddenPatches) {
  constexpr int64_t kRounds = 3;
  const torch::NoGradGuard no_grad;
  const Tensor bits_N = Measure(batch_, kRounds).bits_N;
  const Tensor round_N = RoundsAtRandom(torch::zeros({4}, torch::kLong), kRounds, Rng(3));
  for (int64_t p = 0; p < 4; ++p) {
    const Tensor hidden_N = round_N >= round_N[p];
    const WithQueries with_queries =
        AppendQueries(batch_, ScoredPatches(batch_), true,
                      {batch_.patch_PD.unsqueeze(0), {}, hidden_N.unsqueeze(0)});
    const Tensor h_VW = toy_.model->Hidden(with_queries.input, {})[0];
    const Tensor z_1W =
        toy_.model->Condition(h_VW[with_queries.slot_KN[0][p].item<int64_t>()].unsqueeze(0),
                              batch_.patch_row_col_P2.narrow(0, p, 1));
    const Likelihood alone =
        toy_.model->image_head().Measure(z_1W, batch_.patch_PD.narrow(0, p, 1), Rng(0));
    EXPECT_NEAR(alone.bits_N.item<double>(), bits_N[p].item<double>(), 1e-4) << p;
  }
}

}  // namespace
}  // namespace tessera
