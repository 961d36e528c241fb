// AMED-Solver (Zhou, Chen, Wang and Chen 2024, "Fast ODE-based sampling for diffusion models in
// around 5 steps", algorithm 1). By the mean value theorem a step of the sampling curve, nearly a
// plane one, is a straight line along the direction at some point in between. A small network
// says for each patch and step from t down to u where:
//   d   = (y - E[x | y]) / t             the direction at the begin
//   m   = u^r t^(1 - r)                  the point in between, r in (0, 1)
//   y_m = y + (m - t) d
//   d_m = (y_m - E[x | y_m at a m]) / m  a near 1
//   y_u = y + c (u - t) d_m              c near 1
// N = patches, D = numbers a patch, F = features of a patch that a predictor reads.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include "heads/sampler/amed_config.h"
#include "heads/sampler/sampler.h"

namespace tessera {

struct AmedChoice {
  Tensor r_N1, c_N1, a_N1;
};

// Knows a patch by y / sqrt(1 + t^2) and E[x | y], which every head that denoises has, where Zhou
// et al. take the bottleneck of a U-Net. The weights come from `seed` alone.
class AmedPredictor : public torch::nn::Module {
 public:
  AmedPredictor(const AmedConfig& config, int64_t patch_dim);

  // Before training r = 1/2, c = a = 1.
  AmedChoice Choose(const Tensor& y_ND, const Tensor& clean_ND, double from, double to);

 private:
  AmedConfig config_;
  torch::nn::Linear hidden_ = nullptr, features_ = nullptr;  // absent without features
  torch::nn::Linear sigma_ = nullptr, output_ = nullptr;
};

struct AmedInterval {
  double from, to;
};

// y at interval.to, of y and E[x | y] at interval.from. Differentiable in them and in the
// predictor.
Tensor AmedStep(AmedPredictor& predictor, const CleanAt& clean_at, const Tensor& y_ND,
                const Tensor& clean_ND, const AmedInterval& interval);

// The sampler. x_ND: a patch at the first of run.levels.
Tensor Amed(const SamplerRun& run, const Tensor& x_ND);

}  // namespace tessera
