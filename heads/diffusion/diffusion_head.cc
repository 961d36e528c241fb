// A patch drawn by denoising (Li et al. 2024): the network learns to clean noisy patches given the
// condition, and a sampler turns noise into a patch with it.
// K = noise draws a patch, N = patches, D = numbers a patch, Z = width of the condition,
// O = outputs a patch (D, or 2 D with a learned variance), S = noise levels.
#include <ATen/Functions.h>

#include "heads/density_loss.h"
#include "heads/diffusion/denoiser.h"
#include "heads/diffusion/denoising_loss.h"
#include "heads/diffusion/diffusion_likelihood.h"
#include "heads/diffusion/guided_network.h"
#include "heads/diffusion/learned_variance.h"
#include "heads/diffusion/prediction.h"
#include "heads/guidance_conditions.h"
#include "heads/sampler/amed.h"
#include "heads/sampler/sampler.h"
#include "ops/random.h"

namespace tessera {
namespace {

// The network with guidance and, where the flow time is outside of it, without.
struct Guide {
  double from, to;
  std::shared_ptr<GuidedNetwork> guided, plain;

  Guide(const Denoiser& denoiser, const Tensor& tau_S, const Conditions& conditions)
      : from(conditions.guided_from),
        to(conditions.guided_to),
        guided(std::make_shared<GuidedNetwork>(denoiser, tau_S, conditions.guidance)),
        plain(always() ? guided
                       : std::make_shared<GuidedNetwork>(
                             denoiser, tau_S,
                             std::vector<GuidanceCondition>{conditions.guidance.front()})) {}

  bool always() const { return from <= 0 && to >= 1; }
};

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
    CheckSampler(config_, sampler);
    const torch::TensorOptions options = OptionsOf(conditions);
    const std::vector<NoiseLevel> levels = SamplerLevels(sampler, schedule_);
    const Guide guide(denoiser_, Stack(levels).tau.to(options), conditions);
    return RunSampler(
        {.config = sampler,
         .levels = levels,
         .denoise = MakeDenoise(guide, levels),
         .noise = [&] { return RandnRows(rngs, patch_dim_, options); },
         .clean_at = sampler.kind == SamplerKind::kAmed ? MakeCleanAt(guide) : nullptr,
         .amed = amed_});
  }

  Likelihood Measure(const Tensor& z_NZ, const Tensor& x_ND, at::Generator rng) override {
    const torch::NoGradGuard no_grad;
    const Tensor exact_ND = x_ND.to(torch::kDouble);
    switch (config_.schedule) {
      case NoiseScheduleKind::kFlow: {
        const CleanAtLevel clean = [&](const Tensor& noisy_ND, const NoiseLevel& level) {
          return GuessAtLevel(z_NZ, noisy_ND, level).clean_ND;
        };
        const Tensor spread_ND = Dequantise(exact_ND, rng);
        const Tensor log_density_N = OdeLogDensity(clean, schedule_, spread_ND, rng);
        const Tensor log_mass_N =
            log_density_N - kNatsPerPixelValue * static_cast<double>(patch_dim_);
        const bool exact = patch_dim_ <= kExactDivergenceDim;
        return {exact ? LikelihoodKind::kBound : LikelihoodKind::kEstimate,
                BitsOf(log_mass_N.unsqueeze(1), patch_dim_)};
      }
      case NoiseScheduleKind::kCosine: {
        const GuessAt guess = [&](const Tensor& noisy_ND, const NoiseLevel& level) {
          return GuessAtLevel(z_NZ, noisy_ND, level);
        };
        return {LikelihoodKind::kBound, VariationalBoundBits(guess, schedule_, exact_ND, rng)};
      }
    }
    TORCH_CHECK(false, "noise schedule ", static_cast<int>(config_.schedule));
  }

  CleanAt CleanUnder(const Conditions& conditions) const override {
    const Tensor no_tau_S = at::zeros({1}, OptionsOf(conditions));
    return MakeCleanAt(Guide(denoiser_, no_tau_S, conditions));
  }

  void SetAmed(std::shared_ptr<AmedPredictor> amed) override { amed_ = std::move(amed); }

 private:
  static torch::TensorOptions OptionsOf(const Conditions& conditions) {
    return conditions.guidance.front().z_NZ.options().dtype(SampleType(conditions));
  }

  StepGuess GuessAtLevel(const Tensor& z_NZ, const Tensor& noisy_ND, const NoiseLevel& level) {
    const Tensor tau_N = at::full({noisy_ND.size(0)}, level.tau, noisy_ND.options());
    const Tensor output_NO = denoiser_(noisy_ND, tau_N, z_NZ).to(noisy_ND.scalar_type());
    const CleanForm form = CleanFrom(config_.prediction, schedule_, Stack({level}));
    const Tensor clean_ND =
        at::add(noisy_ND * form.from_noisy.item<double>(), output_NO.slice(1, 0, patch_dim_),
                form.from_output.item<double>());
    if (!LearnsVariance(config_)) {
      return {clean_ND, {}};
    }
    return {clean_ND, VarianceFraction(output_NO.slice(1, patch_dim_))};
  }

  // At any level, patch by patch.
  CleanAt MakeCleanAt(const Guide& guide) const {
    return [=, this](const Tensor& y_ND, const Tensor& sigma_N1) {
      const NoiseLevels levels_N1 = schedule_.AtSigmas(sigma_N1);
      const Tensor x_ND = y_ND * levels_N1.alpha, tau_N = levels_N1.tau.squeeze(1);
      Tensor output_NO = guide.guided->OutputAt(x_ND, tau_N);
      if (!guide.always()) {
        const Tensor t_N1 = schedule_.FlowTime(levels_N1);
        const Tensor in_N1 = at::logical_and(t_N1 >= guide.from, t_N1 <= guide.to);
        output_NO = at::where(in_N1, output_NO, guide.plain->OutputAt(x_ND, tau_N));
      }
      const CleanForm form_N1 = CleanFrom(config_.prediction, schedule_, levels_N1);
      return form_N1.from_noisy * x_ND + form_N1.from_output * output_NO.slice(1, 0, patch_dim_);
    };
  }

  // At the levels that the guide's network is prepared for.
  Denoise MakeDenoise(const Guide& guide, const std::vector<NoiseLevel>& levels) const {
    const CleanForm form = CleanFrom(config_.prediction, schedule_, Stack(levels));
    return [=, this](const Tensor& x_ND, int64_t level) -> Denoised {
      const double t = schedule_.FlowTime(levels[static_cast<size_t>(level)]);
      const bool in = guide.from <= t && t <= guide.to;
      const Tensor output_NO = (in ? *guide.guided : *guide.plain).Output(x_ND, level);
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
  std::shared_ptr<AmedPredictor> amed_;  // fitted to this head later, and no part of it
};

}  // namespace

std::shared_ptr<ImageHead> MakeHead(HeadOf<HeadKind::kDiffusion>, const HeadConfig& config,
                                    int64_t condition_dim, int64_t patch_dim,
                                    const AutoencoderPtr&) {
  return std::make_shared<DiffusionHead>(config, condition_dim, patch_dim);
}

}  // namespace tessera
