#include "train/amed_training.h"

#include <ATen/Functions.h>
#include <torch/optim/adam.h>

#include <cmath>

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

}  // namespace

std::vector<Tensor> HeunPath(const CleanAt& clean_at, const Tensor& y_ND,
                             const std::vector<double>& sigmas) {
  const auto direction = [&](const Tensor& at_ND, double sigma) {
    const Tensor sigma_N1 = at::full({at_ND.size(0), 1}, sigma, at_ND.options());
    return (at_ND - clean_at(at_ND, sigma_N1)) / sigma;
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
      const AmedInterval interval{sigmas[i], sigmas[i + 1], i == 0 && training.analytic_first};
      const Tensor y_ND = AmedStep(predictor, batch.clean_at, teacher_ND[begin], interval);
      const Tensor distance = Distance(y_ND, teacher_ND[end], interval.to);
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
