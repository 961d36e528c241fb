// Samplers beside the formulas of their papers, which the headers name, written once more in
// few lines and compared draw by draw. In one step of any, n = steps, h is its length, t and u are
// where it begins and ends: flow times, or noise / signal of those that walk in sigma. N = draws.
#include "tests/heads/mixture.h"

namespace tessera {
namespace {

using enum SamplerKind;

// Standard normal, the k-th asked for.
Tensor Noise(uint64_t k) {
  return torch::randn({64, 1}, MakeGenerator(torch::kCPU, 1, Stream::kTest, 2, k), torch::kDouble);
}

Tensor Clean(const Tensor& x_N1, double alpha, double sigma) {
  return Mixture().Clean(x_N1, alpha, torch::full({1, 1}, sigma, torch::kDouble));
}

Tensor Velocity(const Tensor& x_N1, double t) { return (Clean(x_N1, t, 1 - t) - x_N1) / (1 - t); }

Tensor FlowTwin(const SamplerConfig& config) {
  const double h = 1. / static_cast<double>(config.steps);
  Tensor x_N1 = Noise(0), before_N1;
  for (int64_t i = 0; i < config.steps; ++i) {
    const double t = h * static_cast<double>(i);
    const bool last = i + 1 == config.steps;
    const Tensor v_N1 = Velocity(x_N1, t);
    if (config.kind == kMidpoint) {
      x_N1 = x_N1 + h * Velocity(x_N1 + h / 2 * v_N1, t + h / 2);
    } else if (config.kind == kHeun && !last) {
      x_N1 = x_N1 + h / 2 * (v_N1 + Velocity(x_N1 + h * v_N1, t + h));
    } else if (config.kind == kAb2 && i > 0 && !last) {
      x_N1 = x_N1 + h * (1.5 * v_N1 - .5 * before_N1);
    } else {
      x_N1 = x_N1 + h * v_N1;
    }
    before_N1 = v_N1;
  }
  return x_N1;
}

Tensor FlowSdeTwin(const SamplerConfig& config) {
  const double h = .96 / static_cast<double>(config.steps - 1);
  Tensor x_N1 = Noise(0);
  for (int64_t i = 0; i + 1 < config.steps; ++i) {
    const double t = h * static_cast<double>(i);
    const Tensor v_N1 = Velocity(x_N1, t);
    x_N1 = x_N1 + h * (v_N1 + t * v_N1 - x_N1) + std::sqrt(2 * (1 - t) * h) * Noise(i + 1);
  }
  return x_N1 + .04 * Velocity(x_N1, .96);
}

// Signal energy left after each of the 1000 steps of the cosine schedule.
std::vector<double> AlphaBars() {
  const auto f = [](double u) {
    return std::pow(std::cos((u + .008) / 1.008 * std::numbers::pi / 2), 2);
  };
  std::vector<double> abar;
  for (int64_t k = 0; k < 1000; ++k) {
    const double beta = std::min(1 - f((k + 1) / 1000.) / f(k / 1000.), .999);
    abar.push_back((k == 0 ? 1 : abar.back()) * (1 - beta));
  }
  return abar;
}

Tensor DdpmTwin(const SamplerConfig& config) {
  const std::vector<double> abars = AlphaBars();
  const auto abar = [&](int64_t i) {
    const double index = 999 * (1 - static_cast<double>(i) / static_cast<double>(config.steps - 1));
    return i == config.steps ? 1 : abars[static_cast<size_t>(std::lround(index))];
  };
  Tensor x_N1 = Noise(0) * std::sqrt(1 - abar(0));
  for (int64_t i = 0; i < config.steps; ++i) {
    const double now = abar(i), next = abar(i + 1), beta = 1 - now / next;
    const double small = beta * (1 - next) / (1 - now);
    const Tensor clean_N1 = Clean(x_N1, std::sqrt(now), std::sqrt(1 - now));
    double variance = config.variance == StepVariance::kLarge ? beta : small;
    if (config.kind == kDdim) {
      variance = config.eta * config.eta * small;
      const Tensor noise_N1 = (x_N1 - std::sqrt(now) * clean_N1) / std::sqrt(1 - now);
      x_N1 = std::sqrt(next) * clean_N1 + std::sqrt(1 - next - variance) * noise_N1;
    } else {
      x_N1 = std::sqrt(next) * beta / (1 - now) * clean_N1 +
             std::sqrt(1 - beta) * (1 - next) / (1 - now) * x_N1;
    }
    if (i + 1 < config.steps) {
      x_N1 = x_N1 + std::sqrt(variance) * Noise(i + 1);
    }
  }
  return x_N1;
}

Tensor Dpmpp2mTwin(const SamplerConfig& config, const std::vector<NoiseLevel>& levels) {
  const auto lambda = [&](size_t i) { return std::log(levels[i].alpha / levels[i].sigma); };
  const size_t n = levels.size();
  Tensor x_N1 = Noise(0) * levels[0].sigma, before_N1;
  for (size_t i = 0; i < n; ++i) {
    const Tensor clean_N1 = Clean(x_N1, levels[i].alpha, levels[i].sigma);
    if (i + 1 == n) {
      return clean_N1;
    }
    const double h = lambda(i + 1) - lambda(i);
    Tensor d_N1 = clean_N1;
    if (i > 0 && i + 2 != n) {
      const double r = (lambda(i) - lambda(i - 1)) / h;
      d_N1 = (1 + 1 / (2 * r)) * clean_N1 - 1 / (2 * r) * before_N1;
    }
    x_N1 = levels[i + 1].sigma / levels[i].sigma * x_N1 -
           levels[i + 1].alpha * (std::exp(-h) - 1) * d_N1;
    before_N1 = clean_N1;
  }
  TORCH_CHECK(false, "no steps: ", config.steps);
}

// From 80 to .002, rho = 7.
Tensor SigmaTwin(const MixtureSampler& sampler) {
  const SamplerConfig& config = sampler.config;
  const auto sigma = [&](double i) {
    const double first = std::pow(80, 1. / 7), last = std::pow(.002, 1. / 7);
    return std::pow(first + i / static_cast<double>(config.steps) * (last - first), 7);
  };
  Tensor y_N1 = 80 * Noise(0);
  for (int64_t i = 0; i < config.steps; ++i) {
    const double t = sigma(static_cast<double>(i)), u = sigma(static_cast<double>(i + 1));
    const double r = config.kind == kAmed ? sampler.amed_r : config.r;
    const double m = std::pow(u, r) * std::pow(t, 1 - r);
    const Tensor d_N1 = (y_N1 - Clean(y_N1, 1, t)) / t;
    const Tensor middle_N1 = y_N1 + (m - t) * d_N1;
    const Tensor dm_N1 = (middle_N1 - Clean(middle_N1, 1, m)) / m;
    const double share = config.kind == kAmed ? 1 : 1 / (2 * r);
    y_N1 = y_N1 + (u - t) * (share * dm_N1 + (1 - share) * d_N1);
  }
  return config.last_look ? Clean(y_N1, 1, .002) : y_N1;
}

Tensor TwinOf(const MixtureSampler& sampler) {
  const SamplerConfig& config = sampler.config;
  switch (config.kind) {
    case kEuler:
    case kHeun:
    case kMidpoint:
    case kAb2:
      return FlowTwin(config);
    case kFlowSde:
      return FlowSdeTwin(config);
    case kDdpm:
    case kDdim:
      return DdpmTwin(config);
    case kDpmpp2m:
      return Dpmpp2mTwin(config, SamplerLevels(config, NoiseSchedule(sampler.schedule, 1)));
    case kDpmSolver2:
    case kAmed:
      return SigmaTwin(sampler);
    case kDpmpp3m:
    case kIpndm:
    case kIpndmV:
      break;  // not in the table
  }
  TORCH_CHECK(false, "no twin of ", EnumName(config.kind));
}

TEST(SamplerTable, DrawsWhatItsFormulasSay) {
  for (const MixtureReference& reference : MixtureReferences()) {
    for (const int64_t steps : {2, 5, 10, 50}) {
      MixtureSampler sampler = reference.sampler;
      sampler.config.steps = steps;
      uint64_t asked = 0;
      const Tensor x_N1 = DrawMixture(sampler, [&] { return Noise(asked++); });
      EXPECT_LT((x_N1 - TwinOf(sampler)).abs().max().item<double>(), 1e-9)
          << reference.name << ", " << steps << " steps";
    }
  }
}

}  // namespace
}  // namespace tessera
