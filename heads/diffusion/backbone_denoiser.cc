#include "heads/diffusion/backbone_denoiser.h"

#include <ATen/Functions.h>

#include "heads/guidance_conditions.h"
#include "ops/linear.h"

namespace tessera {
namespace {

// The states of a sampling run as a network.
class StatesNetwork : public GuidedNetwork {
 public:
  using Outputs = std::function<Tensor(const Tensor& x_ND, double tau)>;  // -> [B, N, O]

  StatesNetwork(Outputs outputs, const std::vector<NoiseLevel>& levels, const Tensor& weight_BN1)
      : outputs_(std::move(outputs)), levels_(levels), weight_BN1_(weight_BN1) {}

  Tensor Output(const Tensor& x_ND, int64_t level, bool guided) override {
    const Tensor output_BNO = outputs_(x_ND, levels_[static_cast<size_t>(level)].tau);
    return guided ? GuidedSum(output_BNO, weight_BN1_, x_ND.size(1)) : output_BNO.select(0, 0);
  }

 private:
  Outputs outputs_;
  const std::vector<NoiseLevel>& levels_;
  Tensor weight_BN1_;
};

}  // namespace

BackboneDenoiser::BackboneDenoiser(const HeadConfig& config, int64_t width, int64_t patch_dim)
    : config_(config),
      diffusion_(config.diffusion, patch_dim),
      output_(RegisterLinear("output", width, diffusion_.outputs(), ParameterRole::kOutput)) {
  const torch::NoGradGuard no_grad;
  output_->weight.zero_();
  output_->bias.zero_();
}

Tensor BackboneDenoiser::Output(const Tensor& h) const {
  return Linear(h, output_->weight, output_->bias);
}

HeadLoss BackboneDenoiser::Loss(const States& states, const Tensor& x_ND, const Tensor& time_N,
                                at::Generator rng) {
  const NoisyNetwork network = [&](const Tensor& noisy_KND, const Tensor& tau_KN) {
    return Output(states(noisy_KND, tau_KN));
  };
  return diffusion_.LossInGroups(network, x_ND, time_N, std::move(rng));
}

Tensor BackboneDenoiser::Sample(const GuidedStates& states, const Conditions& conditions,
                                const Sampling& sampling, std::vector<at::Generator>& rngs) {
  const torch::NoGradGuard no_grad;
  CheckSampler(config_, sampling.config);
  const std::vector<NoiseLevel> levels = diffusion_.Levels(sampling.config);
  const torch::Dtype type = SampleType(conditions);
  const Tensor weight_BN1 = StackOf(conditions.guidance, &GuidanceCondition::weight_N1).to(type);
  const auto outputs = [&](const Tensor& x_ND, double tau) {
    return Output(states(x_ND, tau)).to(type);
  };
  return diffusion_.Draw(
      {sampling, levels, std::make_shared<StatesNetwork>(outputs, levels, weight_BN1), conditions},
      rngs);
}

}  // namespace tessera
