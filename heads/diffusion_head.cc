// K = noise draws a patch, N = patches, D = numbers a patch, Z = width of the condition,
// O = outputs a patch (D, or 2 D with a learned variance), S = noise levels.
#include "heads/diffusion_head.h"

#include <ATen/Functions.h>

#include "heads/denoiser.h"
#include "heads/denoising_loss.h"
#include "heads/guided_network.h"
#include "heads/learned_variance.h"
#include "heads/prediction.h"
#include "heads/sampler.h"
#include "ops/random.h"

namespace tessera {
namespace {

class DiffusionHead : public ImageHead {
 public:
  DiffusionHead(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim)
      : config_(config),
        patch_dim_(patch_dim),
        schedule_(config.schedule, config.noise_scale),
        denoiser_(register_module(
            "denoiser",
            Denoiser(DenoiserShape{.width = config.width,
                                   .depth = config.depth,
                                   .patch_dim = patch_dim,
                                   .condition_dim = condition_dim,
                                   .output_dim = (LearnsVariance(config) ? 2 : 1) * patch_dim}))) {}

  HeadLoss Loss(const Tensor& z_NZ, const Tensor& x_ND, at::Generator rng) override {
    const auto network = [&](const Tensor& noisy_KND, const Tensor& tau_KN) {
      return denoiser_(noisy_KND, tau_KN, z_NZ);
    };
    return DenoisingLoss(config_, schedule_, network, x_ND, rng);
  }

  Tensor Sample(const Conditions& conditions, const SamplerConfig& sampler,
                std::vector<at::Generator>& rngs) override {
    const torch::NoGradGuard no_grad;
    const std::string problem = SamplerProblem(config_, sampler);
    TORCH_CHECK(problem.empty(), problem);
    const Tensor& z_NZ = conditions.branches.front().z_NZ;
    const torch::TensorOptions options =
        z_NZ.options().dtype(at::promote_types(z_NZ.scalar_type(), torch::kFloat));
    const std::vector<NoiseLevel> levels = SamplerLevels(sampler, schedule_);
    return RunSampler({.config = sampler,
                       .levels = levels,
                       .denoise = MakeDenoise(conditions, levels, options),
                       .noise = [&] { return RandnRows(rngs, patch_dim_, options); }});
  }

 private:
  Denoise MakeDenoise(const Conditions& conditions, const std::vector<NoiseLevel>& levels,
                      torch::TensorOptions options) const {
    const NoiseLevels stacked = Stack(levels);
    const Tensor tau_S = stacked.tau.to(options);
    const double from = conditions.guided_from, to = conditions.guided_to;
    const bool always = from <= 0 && to >= 1;
    const std::vector<Branch>& branches = conditions.branches;
    const auto guided = std::make_shared<GuidedNetwork>(denoiser_, tau_S, branches);
    const auto plain = always ? guided
                              : std::make_shared<GuidedNetwork>(
                                    denoiser_, tau_S, std::vector<Branch>{branches.front()});
    const CleanForm form = CleanFrom(config_.prediction, schedule_, stacked);
    return [=, this](const Tensor& x_ND, int64_t level) -> Denoised {
      const double t = schedule_.FlowTime(levels[static_cast<size_t>(level)]);
      const bool guide = from <= t && t <= to;
      const Tensor output_NO = (guide ? *guided : *plain).Output(x_ND, level);
      Tensor clean_ND = output_NO.slice(1, 0, patch_dim_);
      if (config_.prediction != Prediction::kX) {
        clean_ND = at::add(x_ND * form.from_noisy[level].item<double>(), clean_ND,
                           form.from_output[level].item<double>());
      }
      if (!LearnsVariance(config_)) {
        return {clean_ND, {}};
      }
      return {clean_ND, VarianceFraction(output_NO.slice(1, patch_dim_))};
    };
  }

  HeadConfig config_;
  int64_t patch_dim_;
  NoiseSchedule schedule_;
  Denoiser denoiser_;
};

}  // namespace

std::shared_ptr<ImageHead> MakeDiffusionHead(const HeadConfig& config, int64_t condition_dim,
                                             int64_t patch_dim) {
  return std::make_shared<DiffusionHead>(config, condition_dim, patch_dim);
}

}  // namespace tessera
