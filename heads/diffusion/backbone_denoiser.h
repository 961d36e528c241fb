// The image side of a backbone that denoises: a linear map of the hidden states at noisy patches is
// what the diffusion head's network would put out, under the same schedule, targets and samplers.
// K = noise draws a patch, N = patches, D = numbers a patch, W = width of a hidden state, B =
// guidance of guidance.
#pragma once

#include <functional>
#include <vector>

#include "heads/image_head.h"
#include "heads/sampler/noise_schedule.h"

namespace tessera {

class BackboneDenoiser : public ModuleWithRoles {
 public:
  BackboneDenoiser(const HeadConfig& config, int64_t width, int64_t patch_dim);

  // Hidden states at noisy patches: [K, N, D] and tau [K, N] -> [K, N, W].
  using States = std::function<Tensor(const Tensor& noisy_KND, const Tensor& tau_KN)>;

  // Patches of the same number in level_N, counted from 0, have their noise of the same level.
  HeadLoss Loss(const States& states, const Tensor& x_ND, const Tensor& level_N, at::Generator rng);

  // The same while drawing, under each condition of a guide, whose conditions are in the states
  // alone: [N, D] and tau -> [B, N, W].
  using GuidedStates = std::function<Tensor(const Tensor& x_ND, double tau)>;

  // [N, D], row i drawn from rngs[i] alone.
  Tensor Sample(const GuidedStates& states, const Conditions& guide, const SamplerConfig& sampler,
                std::vector<at::Generator>& rngs);

 private:
  Tensor Output(const Tensor& h) const;

  HeadConfig config_;
  int64_t patch_dim_;
  NoiseSchedule schedule_;
  torch::nn::Linear output_;
};

}  // namespace tessera
