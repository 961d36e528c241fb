#include "heads/codes/quantiser.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <numbers>

#include "ops/random.h"

namespace tessera {
namespace {

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

Tensor Randn(at::IntArrayRef shape, uint64_t item = 0) {
  return torch::randn(shape, Rng(item), torch::kDouble);
}

std::shared_ptr<Quantiser> Fsq(const std::vector<int64_t>& levels,
                               FsqBound bound = FsqBound::kTanh) {
  return MakeQuantiser({.kind = AutoencoderKind::kFsq, .levels = levels, .bound = bound});
}

// Sets of levels that the paper recommends, for 2^8 to 2^16 codes.
const std::vector<std::vector<int64_t>> kLevels = {
    {8, 6, 5}, {8, 5, 5, 5}, {7, 5, 5, 5, 5}, {8, 8, 8, 6, 5}, {8, 8, 8, 5, 5, 5}};

TEST(Fsq, GivesTheCodeOfThePublishedExample) {
  const auto fsq = Fsq({3, 5, 4});
  const Tensor value_MD = torch::tensor({0., .5, -1.}, torch::kDouble).unsqueeze(0);
  const Tensor z_MD = torch::tensor({.25, .6, -7.}, torch::kDouble).unsqueeze(0);
  const Quantised quantised = fsq->Quantise(z_MD);
  EXPECT_TRUE(torch::allclose(quantised.value_MD, value_MD));
  const Tensor index_M = IndexOf(quantised.code_MJ, fsq->radices());
  EXPECT_EQ(index_M.item<int64_t>(), 10);
  const Tensor back_MD = fsq->ValueOf(DigitsOf(index_M, fsq->radices()));
  EXPECT_TRUE(torch::allclose(back_MD.to(torch::kDouble), value_MD));
}

TEST(Fsq, NamesEachCodeByOneNumberInEveryType) {
  for (const auto& levels : kLevels) {
    const auto fsq = Fsq(levels);
    const Tensor index_M = torch::arange(NumCodes(levels));
    const Tensor digit_MJ = DigitsOf(index_M, levels);
    EXPECT_TRUE(torch::equal(IndexOf(digit_MJ, levels), index_M));
    // Through values of the type, undone: a value is (digit - L / 2) / (L / 2).
    const Tensor middle_J = torch::tensor(levels).div(2, "floor");
    for (const auto dtype : {torch::kFloat, torch::kBFloat16, torch::kHalf}) {
      const Tensor value_MJ = fsq->ValueOf(digit_MJ).to(dtype);
      const Tensor level_MJ = at::round(value_MJ * middle_J).to(torch::kLong) + middle_J;
      EXPECT_TRUE(torch::equal(IndexOf(level_MJ, levels), index_M)) << levels << dtype;
    }
  }
}

TEST(Fsq, HasExactlyItsLevelsEvenlySpacedAndZeroForZero) {
  const Tensor z_M1 = torch::linspace(-30, 30, 60'001, torch::kDouble).unsqueeze(1);
  for (int64_t level = 2; level <= 17; ++level) {
    for (const FsqBound bound : {FsqBound::kTanh, FsqBound::kSigmoid}) {
      const bool tanh = bound == FsqBound::kTanh;
      if (tanh && level == 2) {
        continue;
      }
      const auto fsq = Fsq({level}, bound);
      const Quantised quantised = fsq->Quantise(z_M1);
      const auto [digit, unused, count] = at::_unique2(quantised.code_MJ);
      EXPECT_TRUE(torch::equal(digit, torch::arange(level))) << level;
      const Tensor value_L = fsq->ValueOf(torch::arange(level).unsqueeze(1)).squeeze(1);
      const double spacing = tanh ? 1. / double(level / 2) : 2. / double(level - 1);
      EXPECT_TRUE(torch::allclose(value_L.diff(), torch::full({level - 1}, spacing))) << level;
      if (tanh) {
        EXPECT_EQ(fsq->Quantise(torch::zeros({1, 1})).value_MD.item<double>(), 0) << level;
      }
    }
  }
}

TEST(Fsq, PassesTheGradientOfItsBoundAlone) {
  for (const int64_t level : {5, 8}) {
    const Tensor z_M1 = Randn({50, 1}).requires_grad_();
    Fsq({level})->Quantise(z_M1).value_MD.sum().backward();
    const double half = double(level - 1) * .999 / 2;
    const double shift = level % 2 == 0 ? std::atanh(.5 / half) : 0;
    const Tensor slope_M1 =
        half * (1 - (z_M1.detach() + shift).tanh().square()) / double(level / 2);
    EXPECT_TRUE(torch::allclose(z_M1.grad(), slope_M1));
  }
  const Tensor z_M1 = Randn({50, 1}).requires_grad_();
  Fsq({6}, FsqBound::kSigmoid)->Quantise(z_M1).value_MD.sum().backward();
  const Tensor s_M1 = z_M1.detach().sigmoid();
  EXPECT_TRUE(torch::allclose(z_M1.grad(), 2 * s_M1 * (1 - s_M1)));
}

TEST(Fsq, ReadsTheMiddleOfALevelAsThatLevel) {
  for (int64_t level = 3; level <= 9; ++level) {
    const double half = double(level - 1) * .999 / 2, offset = level % 2 == 0 ? .5 : 0;
    const Tensor digit_L = torch::arange(level);
    // The outermost levels lie a thousandth outside of the range.
    const Tensor inside_L =
        ((digit_L - level / 2 + offset) / half).to(torch::kDouble).clamp(-1 + 1e-9, 1 - 1e-9);
    const Tensor z_L1 = (inside_L.atanh() - std::atanh(offset / half)).unsqueeze(1);
    EXPECT_TRUE(torch::equal(Fsq({level})->Quantise(z_L1).code_MJ.squeeze(1), digit_L)) << level;
  }
}

// How often each digit of one level comes.
Tensor SharesOf(const Tensor& code_M1) {
  const Tensor count_L = at::bincount(code_M1.squeeze(1));
  return count_L.to(torch::kDouble) / double(code_M1.size(0));
}
double BitsOf(const Tensor& share_L) {
  return -at::xlogy(share_L, share_L).sum().item<double>() / std::numbers::ln2;
}

TEST(Fsq, SpreadsANormalOverItsLevelsAsComputed) {
  const Tensor z_M1 = Randn({400'000, 1});
  const auto shares = [&](int64_t level, double sd = 1) {
    return SharesOf(Fsq({level})->Quantise(sd * z_M1).code_MJ);
  };
  EXPECT_TRUE(torch::allclose(
      shares(5), torch::tensor({.165, .234, .202, .235, .164}).to(torch::kDouble), 0, .003));
  EXPECT_TRUE(torch::allclose(
      shares(8), torch::tensor({.077, .138, .117, .111, .117, .135, .179, .127}).to(torch::kDouble),
      0, .003));
  EXPECT_NEAR(BitsOf(shares(5)), 2.304, .003);
  EXPECT_NEAR(BitsOf(shares(8)), 2.966, .003);
  EXPECT_NEAR(BitsOf(shares(5, .5)), 1.83, .01);  // narrower numbers tell less
  EXPECT_NEAR(BitsOf(shares(8, .5)), 2.55, .01);
}

AutoencoderConfig VqConfig(Codebook codebook, int64_t codes, int64_t dim) {
  return {
      .kind = AutoencoderKind::kVq, .dim = dim, .codes = codes, .codebook = codebook, .restart = 0};
}

// In double; its codebook drawn standard normal.
std::shared_ptr<Quantiser> Vq(const AutoencoderConfig& config) {
  auto vq = MakeQuantiser(config);
  vq->to(torch::kDouble);
  const torch::NoGradGuard no_grad;
  const bool averages = config.codebook == Codebook::kEma;
  Tensor book = averages ? vq->named_buffers()["sum"] : vq->named_parameters()["codebook"];
  book.copy_(Randn({config.codes, config.dim}, 1));
  return vq;
}

Tensor Book(const Quantiser& vq) {
  return vq.ValueOf(torch::arange(vq.radices().front()).unsqueeze(1)).detach();
}

TEST(Vq, ChoosesTheNearestCodeOfAll) {
  for (const Codebook codebook : {Codebook::kGradient, Codebook::kEma}) {
    const auto vq = Vq(VqConfig(codebook, 37, 3));
    const Tensor z_MD = Randn({200, 3});
    const Quantised quantised = vq->Quantise(z_MD);
    const Tensor nearest_M = (z_MD.unsqueeze(1) - Book(*vq).unsqueeze(0)).square().sum(2).argmin(1);
    EXPECT_TRUE(torch::equal(quantised.code_MJ.squeeze(1), nearest_M));
    EXPECT_TRUE(torch::allclose(quantised.value_MD, Book(*vq).index_select(0, nearest_M)));
    EXPECT_TRUE(torch::equal(vq->ValueOf(quantised.code_MJ), Book(*vq).index_select(0, nearest_M)));
  }
}

TEST(Vq, PassesTheGradientAsIfNothingWereRounded) {
  const auto vq = Vq(VqConfig(Codebook::kGradient, 8, 3));
  const Tensor z_MD = Randn({20, 3}).requires_grad_(), weight_MD = Randn({20, 3}, 2);
  (vq->Quantise(z_MD).value_MD * weight_MD).sum().backward();
  EXPECT_TRUE(torch::equal(z_MD.grad(), weight_MD));
  EXPECT_FALSE(vq->named_parameters()["codebook"].grad().defined());
}

TEST(Vq, PullsCodesToTheirVectorsAndVectorsToTheirCodes) {
  const auto vq = Vq(VqConfig(Codebook::kGradient, 8, 3));
  const Tensor z_MD = Randn({20, 3}).requires_grad_();
  const Quantised quantised = vq->Quantise(z_MD);
  quantised.loss.backward();
  const Tensor apart_MD = vq->ValueOf(quantised.code_MJ).detach() - z_MD.detach();
  const Tensor pull_KD =
      torch::zeros({8, 3}, torch::kDouble).index_add(0, quantised.code_MJ.squeeze(1), apart_MD);
  EXPECT_TRUE(torch::allclose(vq->named_parameters()["codebook"].grad(), 2. / 60 * pull_KD));
  EXPECT_TRUE(torch::allclose(z_MD.grad(), -.25 * 2 / 60 * apart_MD));
}

// n vectors z to the one code: count and sum are averages of n and n z, begun at 1 and e.
TEST(Vq, AveragesFollowTheirClosedForm) {
  const auto vq = Vq(VqConfig(Codebook::kEma, 1, 2));
  const Tensor first_D = Book(*vq)[0].clone(), z_MD = Randn({5, 2});
  const Tensor code_M1 = torch::zeros({5, 1}, torch::kLong);
  for (int64_t step = 1; step <= 100; ++step) {
    vq->Learn(z_MD, code_M1, Rng(0));
    const double c = std::pow(.99, step);
    const Tensor expected_D = (c * first_D + (1 - c) * z_MD.mean(0) * 5) / (c + (1 - c) * 5);
    ASSERT_TRUE(torch::allclose(Book(*vq)[0], expected_D, 1e-9, 1e-12)) << step;
  }
}

TEST(Vq, AnUnusedCodeStaysWhereItIs) {
  const auto vq = Vq(VqConfig(Codebook::kEma, 4, 2));
  const Tensor before_D = Book(*vq)[3].clone();
  for (int i = 0; i < 100; ++i) {
    vq->Learn(Randn({8, 2}, i), torch::zeros({8, 1}, torch::kLong), Rng(0));
  }
  EXPECT_TRUE(torch::allclose(Book(*vq)[3], before_D, 1e-3));
}

TEST(Vq, ADeadCodeBeginsAnewAtAnEncodedVector) {
  for (const Codebook codebook : {Codebook::kGradient, Codebook::kEma}) {
    AutoencoderConfig config = VqConfig(codebook, 4, 2);
    config.restart = .5;
    const auto vq = Vq(config);
    const Tensor z_MD = Randn({8, 2}, 7);
    for (int i = 0; i < 60; ++i) {  // until the counts of the others have fallen
      vq->Learn(z_MD, torch::zeros({8, 1}, torch::kLong), Rng(i));
    }
    const Tensor apart_M = (Book(*vq)[3] - z_MD).abs().amax(1);
    EXPECT_LT(apart_M.min().item<double>(), 1e-4) << EnumName(codebook);
  }
}

// The optimal quantiser of a standard normal (Lloyd 1957, Max 1960).
struct Optimum {
  int64_t levels;
  double error, outermost, bits;  // mean squared; of the levels; entropy of the codes
};

TEST(Vq, FindsTheOptimalLevelsOfANormal) {
  for (const auto& [levels, error, outermost, bits] :
       {Optimum{1, 1, 0, 0}, Optimum{2, .36338, .7979, 1}, Optimum{3, .19017, 1.2240, 1.5358},
        Optimum{4, .11748, 1.5104, 1.9111}, Optimum{5, .07994, 1.7241, 2.2029},
        Optimum{8, .03455, 2.1519, 2.8249}, Optimum{16, .00950, 2.733, 3.7653}}) {
    AutoencoderConfig config = VqConfig(Codebook::kEma, levels, 1);
    config.decay = .5;
    const auto vq = Vq(config);
    // Quantiles, so that nothing is left to chance; their tails are a little short.
    constexpr int64_t count = 10'000;
    const Tensor z_M1 =
        at::special_ndtri((torch::arange(count, torch::kDouble) + .5) / count).unsqueeze(1);
    for (int step = 0; step < 25 * levels; ++step) {
      vq->Learn(z_M1, vq->Quantise(z_M1).code_MJ, Rng(0));
    }
    const Quantised quantised = vq->Quantise(z_M1);
    const double found = (quantised.value_MD - z_M1).square().mean().item<double>();
    const double told = BitsOf(SharesOf(quantised.code_MJ));
    EXPECT_NEAR(found / error, 1, .01) << levels;
    EXPECT_GE(found, .998 * std::exp2(-2 * told)) << levels;  // Shannon's bound, but for the tails
    EXPECT_NEAR(told, bits, .01) << levels;
    EXPECT_NEAR(Book(*vq).max().item<double>(), outermost, .03) << levels;
    EXPECT_NEAR(Book(*vq).min().item<double>(), -outermost, .03) << levels;
  }
}

TEST(AutoencoderConfig, RefusesWhatHasNoCodes) {
  const auto problem = [](std::vector<int64_t> levels, FsqBound bound) {
    return AutoencoderConfig{.levels = std::move(levels), .bound = bound}.Problem();
  };
  EXPECT_EQ(problem({3}, FsqBound::kTanh), "");
  EXPECT_NE(problem({2}, FsqBound::kTanh), "");
  EXPECT_EQ(problem({2}, FsqBound::kSigmoid), "");
  EXPECT_NE(problem({}, FsqBound::kTanh), "");
  EXPECT_NE(problem({256, 256, 256, 2}, FsqBound::kSigmoid), "");
}

}  // namespace
}  // namespace tessera
