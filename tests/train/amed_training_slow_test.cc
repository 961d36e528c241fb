// The samplers at few evaluations on a mixture in 16 dimensions, and the predictor that learns it.
// N = patches, D = 16, C = 8 components, S = sigmas.
#include <gtest/gtest.h>

#include <iostream>

#include "heads/sampler/sigma_path.h"
#include "tests/heads/expected.h"
#include "train/amed_training.h"

namespace tessera {
namespace {

constexpr int64_t kDim = 16, kComponents = 8;
constexpr double kSd = .3;  // of a component; with means of variance 1 the data have about 1.05

// E[x | y], y = x + sigma n.
class Clusters {
 public:
  Tensor operator()(const Tensor& y_ND, const Tensor& sigma_N1) const {
    const Tensor variance_N1 = sigma_N1.square() + kSd * kSd;
    const Tensor error_NCD = y_ND.unsqueeze(1) - mean_CD_;
    const Tensor share_NC = (error_NCD.square().sum(2) * (-.5 / variance_N1)).softmax(1);
    const Tensor mean_ND = at::matmul(share_NC, mean_CD_);
    return mean_ND + kSd * kSd / variance_N1 * (y_ND - mean_ND);
  }

 private:
  Tensor mean_CD_ =
      torch::randn({kComponents, kDim}, MakeGenerator(torch::kCPU, 3, Stream::kTest, 0));
};

// Even in the time of a variance-preserving schedule whose ends are 80 and .002 (Karras et al.
// 2022, table 1), from 1 to .001.
std::vector<double> TimeUniform(int64_t steps) {
  const double eps = 1e-3, low = std::log(1 + .002 * .002), high = std::log(1 + 80. * 80);
  const double beta_d = 2 * (low / eps - high) / (eps - 1), beta_m = high - beta_d / 2;
  std::vector<double> sigmas;
  for (int64_t i = 0; i <= steps; ++i) {
    const double t = 1 + static_cast<double>(i) / static_cast<double>(steps) * (eps - 1);
    sigmas.push_back(std::sqrt(std::expm1(beta_d * t * t / 2 + beta_m * t)));
  }
  return sigmas;
}

class FewEvaluations : public testing::Test {
 protected:
  // Root mean squared distance to the end of a very fine path.
  double Error(const SamplerConfig& config, std::shared_ptr<AmedPredictor> amed = nullptr) {
    const torch::NoGradGuard no_grad;
    const NoiseSchedule flow(NoiseScheduleKind::kFlow, 1);
    std::vector<NoiseLevel> levels;
    const std::vector<double> sigmas = TimeUniform(config.steps);
    for (size_t i = 0; i < sigmas.size(); ++i) {
      if (i > 0 && config.kind == SamplerKind::kDpmSolver2) {
        const double log_middle =
            std::log(sigmas[i - 1]) + config.r * std::log(sigmas[i] / sigmas[i - 1]);
        levels.push_back(flow.AtLogSnr(-log_middle));
      }
      levels.push_back(flow.AtLogSnr(-std::log(sigmas[i])));
    }
    const auto denoise = [&](const Tensor& x_ND, int64_t i) -> Denoised {
      const NoiseLevel& level = levels[static_cast<size_t>(i)];
      return {clusters_(x_ND / level.alpha, torch::full({1, 1}, level.sigma / level.alpha)), {}};
    };
    const double first = levels.front().sigma / levels.front().alpha;
    const Tensor end_ND = RunSampler({.config = config,
                                      .levels = levels,
                                      .denoise = denoise,
                                      .noise = [&] { return noise_ND_; },
                                      .clean_at = clusters_,
                                      .amed = std::move(amed)});
    if (!truth_ND_.defined()) {
      truth_ND_ = HeunPath(clusters_, noise_ND_ * first, TimeUniform(1000)).back();
    }
    return (end_ND - truth_ND_).square().mean().sqrt().item<double>();
  }

  std::shared_ptr<AmedPredictor> Trained(int64_t steps) {
    const AmedConfig config{.patches = 600 * 128, .teacher_points = 7};
    auto predictor = std::make_shared<AmedPredictor>(config, kDim);
    AmedTraining training{.config = config,
                          .teacher_sigmas = TimeUniform(steps * (config.teacher_points + 1)),
                          .analytic_first = true,
                          .batch = {}};
    training.batch = [&](int64_t step) -> AmedBatch {
      const at::Generator rng =
          MakeGenerator(torch::kCPU, 4, Stream::kTest, static_cast<uint64_t>(step));
      return {clusters_, torch::randn({config.batch, kDim}, rng)};
    };
    TrainAmed(*predictor, training);
    return predictor;
  }

  Clusters clusters_;
  Tensor noise_ND_ = torch::randn({1024, kDim}, MakeGenerator(torch::kCPU, 5, Stream::kTest, 0));
  Tensor truth_ND_;
};

// Why one direction in between is enough: of what a path moves through, two directions hold all
// (Zhou et al. 2024, section 3.1).
TEST_F(FewEvaluations, PathsLieAlmostInAPlane) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> path = HeunPath(clusters_, noise_ND_ * 80, TimeUniform(200));
  const Tensor moved_NSD = at::stack(path, 1) - path.back().unsqueeze(1);
  const Tensor variance_ND = at::linalg_svdvals(moved_NSD).square();
  const Tensor share_ND = variance_ND.cumsum(1) / variance_ND.sum(1, true);
  std::cout << "share of one direction " << share_ND.select(1, 0).mean().item<double>()
            << ", of two " << share_ND.select(1, 1).mean().item<double>() << ", least "
            << share_ND.select(1, 1).min().item<double>() << "\n";
  EXPECT_GT(share_ND.select(1, 1).min().item<double>(), .99);
}

TEST_F(FewEvaluations, AmedWithFiveIsAheadOfEveryOneStepMethod) {
  using enum SamplerKind;
  const double euler = Error({.kind = kIpndm, .steps = 5, .order = 1});
  const double heun = Error({.kind = kDpmSolver2, .steps = 3, .r = 1, .analytic_first = true});
  const double dpm2 = Error({.kind = kDpmSolver2, .steps = 3, .analytic_first = true});
  const double amed = Error({.kind = kAmed, .steps = 3, .analytic_first = true}, Trained(3));
  std::cout << "5 evaluations: euler " << euler << ", heun " << heun << ", dpm-solver-2 " << dpm2
            << ", dpm++3m published " << Error({.kind = kDpmpp3m, .steps = 5, .corrected = false})
            << ", corrected " << Error({.kind = kDpmpp3m, .steps = 5});
  for (const int64_t order : {2, 3, 4}) {
    std::cout << ", ipndm " << order << " " << Error({.kind = kIpndm, .steps = 5, .order = order});
    std::cout << ", ipndm-v " << order << " "
              << Error({.kind = kIpndmV, .steps = 5, .order = order});
  }
  std::cout << ", amed " << amed << "\n";
  EXPECT_LT(euler, std::min(heun, dpm2));  // below 6 evaluations two looks a step cost too much
  EXPECT_LT(amed, .75 * euler);
  // Several steps' looks are worth more than two looks a step: at least one such walk is ahead of
  // every fixed one-step method.
  EXPECT_LT(Error({.kind = kIpndm, .steps = 5, .order = 2}), euler);
}

}  // namespace
}  // namespace tessera
