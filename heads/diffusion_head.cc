// K = noise draws a patch, N = patches, D = numbers a patch, Z = width of the condition,
// O = outputs a patch (D, or 2 D with a learned variance), B = branches, S = noise levels.
#include "heads/diffusion_head.h"

#include <ATen/Functions.h>

#include "heads/denoiser.h"
#include "heads/learned_variance.h"
#include "heads/prediction.h"
#include "heads/sampler.h"
#include "ops/random.h"

namespace tessera {
namespace {

bool LearnsVariance(const HeadConfig& config) {
  return config.learn_variance && config.schedule == NoiseScheduleKind::kCosine;
}

// The expected clean patch under a sum of conditions, at the levels of one sampling run.
class GuidedDenoiser {
 public:
  // branches are all evaluated, in one call; their weights of a row sum to 1.
  GuidedDenoiser(Denoiser denoiser, const Tensor& tau_S, const std::vector<Branch>& branches)
      : denoiser_(denoiser), modulation_(denoiser, tau_S, Conditions(branches)) {
    if (branches.size() > 1) {
      std::vector<Tensor> weights;
      for (const Branch& branch : branches) {
        weights.push_back(branch.weight_N1);
      }
      weight_BN1_ = at::stack(weights);
    }
  }

  Tensor Output(const Tensor& x_ND, int64_t level) {
    const Tensor output_BNO =
        denoiser_->Denoise(x_ND, modulation_.At(level)).to(x_ND.scalar_type());
    if (!weight_BN1_.defined()) {
      return output_BNO.select(0, 0);
    }
    const Tensor mixed_NO = (weight_BN1_.to(x_ND.scalar_type()) * output_BNO).sum(0);
    // The variance, where there is one, is the condition's own.
    const int64_t dim = x_ND.size(1);
    const Tensor variance_NV = output_BNO.select(0, 0).slice(1, dim);
    return variance_NV.size(1) == 0 ? mixed_NO
                                    : at::cat({mixed_NO.slice(1, 0, dim), variance_NV}, 1);
  }

 private:
  static Tensor Conditions(const std::vector<Branch>& branches) {
    std::vector<Tensor> conditions;
    for (const Branch& branch : branches) {
      conditions.push_back(branch.z_NZ);
    }
    return at::stack(conditions);
  }

  Denoiser denoiser_;
  PreparedModulation modulation_;
  Tensor weight_BN1_;  // undefined with a single branch
};

// Without those of no weight: guidance at 0 and 1 costs what no guidance does and is equal to it.
std::vector<Branch> Weighted(const std::vector<Branch>& branches) {
  std::vector<Branch> kept;
  for (const Branch& branch : branches) {
    if (branch.weight_N1.count_nonzero().item<int64_t>() > 0) {
      kept.push_back(branch);
    }
  }
  return kept;
}

class DiffusionHead : public ImageHead {
 public:
  DiffusionHead(const HeadConfig& config, const HeadShape& shape, at::Generator rng)
      : config_(config), schedule_(config.schedule, config.noise_scale) {
    const int64_t output_dim = (LearnsVariance(config) ? 2 : 1) * shape.patch_dim;
    denoiser_ = register_module(
        "denoiser", Denoiser(DenoiserShape{.width = config.width,
                                           .depth = config.depth,
                                           .patch_dim = shape.patch_dim,
                                           .condition_dim = shape.condition_dim,
                                           .output_dim = output_dim},
                             rng));
  }

  HeadLoss Loss(const Tensor& z_NZ, const Tensor& x_ND, at::Generator rng) override {
    const int64_t count = x_ND.size(0), dim = x_ND.size(1);
    const Tensor t_KN1 = DrawTimes(config_, {config_.repeats, count, 1}, rng, x_ND.options());
    const NoiseLevels levels = schedule_.AtTimes(t_KN1);
    const Tensor noise_KND = at::randn({config_.repeats, count, dim}, rng, x_ND.options());
    const Tensor noisy_KND = at::addcmul(levels.alpha * x_ND, levels.sigma, noise_KND);

    // Under autocast the network's output is bfloat16; from here on all is float again.
    const Tensor output_KNO =
        denoiser_(noisy_KND, levels.tau.squeeze(-1), z_NZ).to(x_ND.scalar_type());
    const Tensor target_KND =
        PredictionTarget(config_.prediction, schedule_, x_ND, noise_KND, levels);
    const Tensor prediction_KND = output_KNO.slice(-1, 0, dim);
    const Tensor error_KN1 =
        at::mse_loss(prediction_KND, target_KND, at::Reduction::None).mean(-1, /*keepdim=*/true);
    const CleanForm form = CleanFrom(config_.prediction, schedule_, levels);
    Tensor loss_KN1 =
        error_KN1 * LossWeight(config_.prediction, config_.loss, schedule_, levels);
    if (LearnsVariance(config_)) {
      const Tensor predicted_KND =
          form.from_noisy * noisy_KND + form.from_output * prediction_KND.detach();
      loss_KN1 = loss_KN1 + VariationalBits(schedule_, {.step = levels.tau,
                                                        .clean = x_ND,
                                                        .predicted = predicted_KND,
                                                        .fraction = VarianceFraction(
                                                            output_KNO.slice(-1, dim))});
    }
    return {.mean = loss_KN1.mean(),
            .by_patch_N = loss_KN1.detach().mean(0).squeeze(-1),
            .level_M = schedule_.FlowTime(levels).flatten(),
            .by_level_M = (form.from_output.square() * error_KN1.detach()).flatten()};
  }

  Tensor Sample(const std::vector<Branch>& branches, const SamplerConfig& sampler,
                std::vector<at::Generator>& rngs) override {
    const torch::NoGradGuard no_grad;
    const std::string problem = SamplerProblem(config_, sampler);
    TORCH_CHECK(problem.empty(), problem);

    const Tensor& z_NZ = branches.front().z_NZ;
    const torch::TensorOptions options =
        z_NZ.options().dtype(at::promote_types(z_NZ.scalar_type(), torch::kFloat));
    const std::vector<NoiseLevel> levels = SamplerLevels(sampler, schedule_);
    const NoiseLevels stacked = Stack(levels);
    const CleanForm form = CleanFrom(config_.prediction, schedule_, stacked);
    const Tensor tau_S = stacked.tau.to(options);
    GuidedDenoiser guided(denoiser_, tau_S, Weighted(branches));
    GuidedDenoiser plain(denoiser_, tau_S, {branches.front()});

    const auto denoise = [&](const Tensor& x_ND, int64_t level) {
      const double t = schedule_.FlowTime(levels[static_cast<size_t>(level)]);
      const bool guide = sampler.guidance_from <= t && t <= sampler.guidance_to;
      const Tensor output_NO = (guide ? guided : plain).Output(x_ND, level);
      return Clean(x_ND, output_NO, form, level);
    };
    const auto noise = [&] { return RandnRows(rngs, patch_dim_, options); };
    return RunSampler({.config = sampler, .levels = levels, .denoise = denoise, .noise = noise});
  }

 private:
  HeadConfig config_;
  NoiseSchedule schedule_;
  Denoiser denoiser_{nullptr};
};

}  // namespace

std::shared_ptr<ImageHead> MakeDiffusionHead(const HeadConfig& config, const HeadShape& shape,
                                             at::Generator rng) {
  return std::make_shared<DiffusionHead>(config, shape, rng);
}

}  // namespace tessera
