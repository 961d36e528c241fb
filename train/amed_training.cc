#include "train/amed_training.h"

#include <ATen/Functions.h>
#include <torch/optim/adam.h>

#include <cmath>

#include "heads/sampler/sigma_path.h"

namespace tessera {
namespace {

constexpr int64_t kReportedSteps = 10;

std::vector<double> EveryNth(const std::vector<double>& all, int64_t n) {
  std::vector<double> some;
  for (int64_t i = 0; i < std::ssize(all); i += n) {
    some.push_back(all[static_cast<size_t>(i)]);
  }
  return some;
}

// In units of what is left of the distance at the end: a patch of variance 1 contracts it so.
Tensor Distance(const Tensor& y_ND, const Tensor& teacher_ND, double sigma) {
  const Tensor squared = (y_ND - teacher_ND).square().sum();
  return squared / (static_cast<double>(y_ND.numel()) * (1 + sigma * sigma));
}

// For all patches the same, so that the network embeds it once.
Tensor OneSigma(double sigma, const Tensor& y_ND) {
  return at::full({1, 1}, sigma, y_ND.options());
}

}  // namespace

std::vector<Tensor> HeunPath(const CleanAt& clean_at, const Tensor& y_ND,
                             const std::vector<double>& sigmas) {
  const auto direction = [&](const Tensor& at_ND, double sigma) {
    return (at_ND - clean_at(at_ND, OneSigma(sigma, at_ND))) / sigma;
  };
  std::vector<Tensor> path_ND = {y_ND};
  for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
    const double step = sigmas[i + 1] - sigmas[i];
    const Tensor begin_ND = direction(path_ND.back(), sigmas[i]);
    const Tensor end_ND = direction(at::add(path_ND.back(), begin_ND, step), sigmas[i + 1]);
    path_ND.push_back(at::add(path_ND.back(), begin_ND + end_ND, step / 2));
  }
  return path_ND;
}

std::vector<double> TrainAmed(AmedPredictor& predictor, const AmedTraining& training) {
  const AmedConfig& config = training.config;
  const int64_t every = config.teacher_points + 1, steps = config.patches / config.batch;
  const std::vector<double> sigmas = EveryNth(training.teacher_sigmas, every);
  torch::optim::Adam adam(predictor.parameters(), torch::optim::AdamOptions(config.lr));
  std::vector<double> distances(sigmas.size() - 1);
  for (int64_t step = 0; step < steps; ++step) {
    const AmedBatch batch = training.batch(step);
    std::vector<Tensor> teacher_ND;
    {
      const torch::NoGradGuard no_grad;
      teacher_ND =
          HeunPath(batch.clean_at, batch.noise_ND * sigmas.front(), training.teacher_sigmas);
    }
    // Each step of the student begins where the teacher stands, and is one step of the optimizer.
    for (size_t i = 0; i + 1 < sigmas.size(); ++i) {
      const auto begin = i * static_cast<size_t>(every), end = begin + static_cast<size_t>(every);
      const double from = sigmas[i], to = sigmas[i + 1];
      const Tensor& begin_ND = teacher_ND[begin];
      const Tensor clean_ND = i == 0 && training.analytic_first
                                  ? AnalyticClean(begin_ND, from)
                                  : batch.clean_at(begin_ND, OneSigma(from, begin_ND));
      const Tensor y_ND = AmedStep(predictor, batch.clean_at, begin_ND, clean_ND, {from, to});
      const Tensor distance = Distance(y_ND, teacher_ND[end], to);
      adam.zero_grad();
      distance.backward();
      adam.step();
      const double value = distance.item<double>();
      TORCH_CHECK(std::isfinite(value), "the amed predictor diverged at step ", step,
                  "; lower amed.lr");
      distances[i] += step >= steps - kReportedSteps
                          ? value / static_cast<double>(std::min(steps, kReportedSteps))
                          : 0;
    }
    if (training.on_progress) {
      training.on_progress(static_cast<double>(step + 1) / static_cast<double>(steps));
    }
  }
  return distances;
}

}  // namespace tessera
