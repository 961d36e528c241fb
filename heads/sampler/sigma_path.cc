#include "heads/sampler/sigma_path.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

// The levels of a run seen in sigma. Level i is one of run.levels.
class SigmaPath {
 public:
  explicit SigmaPath(const SamplerRun& run) : run_(run) {}

  double Sigma(int64_t level) const { return At(level).sigma / At(level).alpha; }
  double LogStep(int64_t level) const { return std::log(Sigma(level) / Sigma(level + 1)); }

  Tensor First(const Tensor& x_ND) const { return x_ND / At(0).alpha; }

  Tensor Clean(const Tensor& y_ND, int64_t level) const {
    if (level == 0 && run_.config.analytic_first) {
      return AnalyticClean(y_ND, Sigma(0));
    }
    return run_.denoise(y_ND * At(level).alpha, level).clean_ND;
  }

  Tensor Direction(const Tensor& y_ND, int64_t level) const {
    return (y_ND - Clean(y_ND, level)) / Sigma(level);
  }

 private:
  const NoiseLevel& At(int64_t level) const { return run_.levels[static_cast<size_t>(level)]; }

  const SamplerRun& run_;
};

double Between(double from, double to, double share) { return from + share * (to - from); }

double GridSigma(const SamplerConfig& config, const NoiseSchedule& schedule, double share) {
  const double first = config.sigma_max, last = config.sigma_min;
  switch (config.grid) {
    case StepGrid::kTime: {
      const double begin = schedule.TimeOf(schedule.AtLogSnr(-std::log(first)));
      const double end = schedule.TimeOf(schedule.AtLogSnr(-std::log(last)));
      const NoiseLevel level = schedule.AtTime(Between(begin, end, share));
      return level.sigma / level.alpha;
    }
    case StepGrid::kLogSnr:
      return std::exp(Between(std::log(first), std::log(last), share));
    case StepGrid::kPolynomial:
      return std::pow(
          Between(std::pow(first, 1 / config.rho), std::pow(last, 1 / config.rho), share),
          config.rho);
  }
  TORCH_CHECK(false, "step grid ", static_cast<int>(config.grid));
}

}  // namespace

std::vector<double> SigmaGrid(const SamplerConfig& config, const NoiseSchedule& schedule) {
  std::vector<double> sigmas = {config.sigma_max};
  for (int64_t i = 1; i < config.steps; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(config.steps);
    sigmas.push_back(GridSigma(config, schedule, share));
  }
  sigmas.push_back(config.sigma_min);
  return sigmas;
}

std::vector<NoiseLevel> SigmaLevels(const SamplerConfig& config, const NoiseSchedule& schedule) {
  const std::vector<double> sigmas = SigmaGrid(config, schedule);
  std::vector<NoiseLevel> levels;
  for (size_t i = 0; i < sigmas.size(); ++i) {
    if (i > 0 && config.kind == SamplerKind::kDpmSolver2) {
      const double middle = Between(std::log(sigmas[i - 1]), std::log(sigmas[i]), config.r);
      levels.push_back(schedule.AtLogSnr(-middle));
    }
    levels.push_back(schedule.AtLogSnr(-std::log(sigmas[i])));
  }
  return levels;
}

Tensor AnalyticClean(const Tensor& y_ND, double sigma) {
  return y_ND * (1 - sigma / std::sqrt(1 + sigma * sigma));
}

Tensor DpmSolver2(const SamplerRun& run, const Tensor& x_ND) {
  const SigmaPath path(run);
  Tensor y_ND = path.First(x_ND);
  for (int64_t begin = 0; begin < 2 * run.config.steps; begin += 2) {
    const double from = path.Sigma(begin);
    const Tensor begin_ND = path.Direction(y_ND, begin);
    const Tensor middle_ND = at::add(y_ND, begin_ND, path.Sigma(begin + 1) - from);
    const Tensor ahead_ND = path.Direction(middle_ND, begin + 1);
    const Tensor mean_ND = at::lerp(begin_ND, ahead_ND, 1 / (2 * run.config.r));
    y_ND = at::add(y_ND, mean_ND, path.Sigma(begin + 2) - from);
  }
  return y_ND;
}

Tensor Dpmpp3m(const SamplerRun& run, const Tensor& x_ND) {
  const SigmaPath path(run);
  Tensor y_ND = path.First(x_ND);
  Tensor slope_before_ND, clean_before_ND;
  for (int64_t i = 0; i < run.config.steps; ++i) {
    const double h = path.LogStep(i);
    const double phi1 = std::expm1(-h), phi2 = phi1 / h + 1, phi3 = phi2 / h - .5;
    const Tensor clean_ND = path.Clean(y_ND, i);
    y_ND = at::add(y_ND * (path.Sigma(i + 1) / path.Sigma(i)), clean_ND, -phi1);
    // A long last step to little noise extrapolates far.
    const int64_t order = std::min({int64_t{3}, i + 1, run.config.steps - i});
    Tensor slope_ND;  // divided difference of the clean patch, a step h
    if (order > 1) {
      const double before = path.LogStep(i - 1) / h;
      slope_ND = (clean_ND - clean_before_ND) / before;
      y_ND = at::add(y_ND, slope_ND, phi2);
      if (order > 2) {
        const double two_before = before + path.LogStep(i - 2) / h;
        // slope_before_ND was counted in steps of the length before.
        const Tensor bend_ND = (slope_ND - slope_before_ND / before) / two_before;
        const double curvature = run.config.corrected ? 2 : 1;
        y_ND = at::add(y_ND, bend_ND, phi2 * before - phi3 * curvature);
      }
    }
    slope_before_ND = slope_ND;
    clean_before_ND = clean_ND;
  }
  return y_ND;
}

Tensor ExpectedAt(const SamplerRun& run, const Tensor& y_ND, int64_t level) {
  return SigmaPath(run).Clean(y_ND, level);
}

std::vector<double> AdamsBashforth(const std::vector<double>& nodes, double from, double to) {
  std::vector<double> weights(nodes.size());
  // Two points of Gauss and Legendre integrate cubics exactly.
  for (const double side : {-1, 1}) {
    const double point = Between(from, to, .5 + side / std::sqrt(12));
    for (size_t j = 0; j < nodes.size(); ++j) {
      double lagrange = 1;
      for (size_t m = 0; m < nodes.size(); ++m) {
        lagrange *= m == j ? 1 : (point - nodes[m]) / (nodes[j] - nodes[m]);
      }
      weights[j] += (to - from) / 2 * lagrange;
    }
  }
  return weights;
}

Tensor Ipndm(const SamplerRun& run, const Tensor& x_ND) {
  const SigmaPath path(run);
  const bool as_stepped = run.config.kind == SamplerKind::kIpndmV;
  Tensor y_ND = path.First(x_ND);
  std::vector<Tensor> directions_ND;  // the latest last
  for (int64_t i = 0; i < run.config.steps; ++i) {
    directions_ND.push_back(path.Direction(y_ND, i));
    const double from = path.Sigma(i), step = path.Sigma(i + 1) - from;
    std::vector<double> nodes;
    const int64_t known = std::min(run.config.order, i + 1);
    for (int64_t back = 0; back < known; ++back) {
      nodes.push_back(as_stepped ? path.Sigma(i - back) : from - step * static_cast<double>(back));
    }
    const std::vector<double> weights = AdamsBashforth(nodes, from, from + step);
    for (int64_t back = 0; back < known; ++back) {
      const auto j = static_cast<size_t>(back);
      y_ND = at::add(y_ND, directions_ND[static_cast<size_t>(i - back)], weights[j]);
    }
  }
  return y_ND;
}

}  // namespace tessera
