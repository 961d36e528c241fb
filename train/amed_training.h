// Teaches the predictor of the amed sampler to reach in one step of two looks what Heun's method
// reaches in several (Zhou et al. 2024, algorithm 2). The head is left as it is.
// N = patches, D = numbers a patch.
#pragma once

#include <functional>
#include <vector>

#include "heads/sampler/amed.h"

namespace tessera {

// What the patches of one step of the optimizer are drawn from.
struct AmedBatch {
  CleanAt clean_at;
  Tensor noise_ND;  // standard normal
};

struct AmedTraining {
  AmedConfig config;
  // Where the teacher walks. Each (config.teacher_points + 1)-th is where the student's steps end.
  std::vector<double> teacher_sigmas;
  bool analytic_first = false;
  std::function<AmedBatch(int64_t step)> batch;
  std::function<void(double share)> on_progress = {};
};

// Returns the mean squared distance to the teacher at the end of each interval over the last steps,
// a patch and number, divided by 1 + sigma^2.
std::vector<double> TrainAmed(AmedPredictor& predictor, const AmedTraining& training);

// Where Heun's method passes through sigmas; y_ND at the first of them. Two looks a step.
std::vector<Tensor> HeunPath(const CleanAt& clean_at, const Tensor& y_ND,
                             const std::vector<double>& sigmas);

}  // namespace tessera
