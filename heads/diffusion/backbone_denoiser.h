// The image side of a backbone that denoises: a linear map of the hidden states at noisy patches is
// what the diffusion head's network would put out, under one schedule, targets and samplers.
// K = noise draws a patch, N = patches, D = numbers a patch, W = width of a hidden state, B =
// guidance conditions.
#pragma once

#include <functional>
#include <vector>

#include "heads/diffusion/diffusion.h"

namespace tessera {

class BackboneDenoiser : public ModuleWithRoles {
 public:
  BackboneDenoiser(const HeadConfig& config, int64_t width, int64_t patch_dim);

  // Hidden states at noisy patches: [K, N, D] and tau [K, N] -> [K, N, W].
  using States = std::function<Tensor(const Tensor& noisy_KND, const Tensor& tau_KN)>;

  // The loss of patches; those of one number in time_N, counted from 0, have noise of one level.
  HeadLoss Loss(const States& states, const Tensor& x_ND, const Tensor& time_N, at::Generator rng);

  // Hidden states while patches are drawn, under each of B conditions: [N, D] and tau -> [B, N, W].
  using GuidedStates = std::function<Tensor(const Tensor& x_ND, double tau)>;

  // Draws [N, D], row i from rngs[i] alone. The conditions say how the states are weighted; what
  // they say is in the states alone.
  Tensor Sample(const GuidedStates& states, const Conditions& conditions, const Sampling& sampling,
                std::vector<at::Generator>& rngs);

 private:
  Tensor Output(const Tensor& h) const;

  HeadConfig config_;
  Diffusion diffusion_;
  torch::nn::Linear output_;
};

}  // namespace tessera
