#include "heads/diffusion/backbone_denoiser.h"

#include <ATen/Functions.h>

#include "heads/density_loss.h"
#include "heads/diffusion/denoising_loss.h"
#include "heads/diffusion/learned_variance.h"
#include "heads/diffusion/prediction.h"
#include "heads/guidance_conditions.h"
#include "heads/sampler/sampler.h"
#include "ops/linear.h"
#include "ops/random.h"

namespace tessera {

BackboneDenoiser::BackboneDenoiser(const HeadConfig& config, int64_t width, int64_t patch_dim)
    : config_(config),
      patch_dim_(patch_dim),
      schedule_(config.schedule, config.noise_scale),
      output_(RegisterLinear("output", width, (LearnsVariance(config) ? 2 : 1) * patch_dim,
                             ParameterRole::kOutput)) {
  const torch::NoGradGuard no_grad;
  output_->weight.zero_();
  output_->bias.zero_();
}

Tensor BackboneDenoiser::Output(const Tensor& h) const {
  return Linear(h, output_->weight, output_->bias);
}

HeadLoss BackboneDenoiser::Loss(const States& states, const Tensor& x_ND, const Tensor& level_N,
                                at::Generator rng) {
  const int64_t levels = level_N.max().item<int64_t>() + 1;
  const Tensor t_KL1 = DrawTimes(config_, {config_.repeats, levels, 1}, rng, x_ND.options());
  const NoisyNetwork network = [&](const Tensor& noisy_KND, const Tensor& tau_KN) {
    return Output(states(noisy_KND, tau_KN));
  };
  return DenoisingLossAt(config_, schedule_, network, {x_ND, at::index_select(t_KL1, 1, level_N)},
                         rng);
}

Tensor BackboneDenoiser::Sample(const GuidedStates& states, const Conditions& guide,
                                const SamplerConfig& sampler, std::vector<at::Generator>& rngs) {
  const torch::NoGradGuard no_grad;
  CheckSampler(config_, sampler);
  const torch::TensorOptions options =
      guide.guidance.front().z_NZ.options().dtype(SampleType(guide));
  const std::vector<NoiseLevel> levels = SamplerLevels(sampler, schedule_);
  const CleanForm form = CleanFrom(config_.prediction, schedule_, Stack(levels));
  const Tensor weight_BN1 = StackOf(guide.guidance, &GuidanceCondition::weight_N1).to(options);
  const Denoise denoise = [&](const Tensor& x_ND, int64_t level) -> Denoised {
    const NoiseLevel& noise = levels[static_cast<size_t>(level)];
    const Tensor output_BNO = Output(states(x_ND, noise.tau)).to(options);
    const double t = schedule_.FlowTime(noise);
    const bool guided = output_BNO.size(0) > 1 && guide.guided_from <= t && t <= guide.guided_to;
    const Tensor first_NO = output_BNO.select(0, 0);
    const Tensor output_ND = guided ? (weight_BN1 * output_BNO.slice(2, 0, patch_dim_)).sum(0)
                                    : first_NO.slice(1, 0, patch_dim_);
    const Tensor clean_ND = at::add(x_ND * form.from_noisy[level].item<double>(), output_ND,
                                    form.from_output[level].item<double>());
    if (!LearnsVariance(config_)) {
      return {clean_ND, {}};
    }
    return {clean_ND, VarianceFraction(first_NO.slice(1, patch_dim_))};
  };
  return RunSampler({.config = sampler, .levels = levels, .denoise = denoise, .noise = [&] {
                       return RandnRows(rngs, patch_dim_, options);
                     }});
}

}  // namespace tessera
