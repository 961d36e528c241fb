// The diffusion head (Li et al. 2024): a small network learns to clean noisy patches given the
// condition, and a sampler turns noise into a patch with it.
// N = patches, D = numbers a patch, Z = width of the condition, O = outputs a patch, S = noise
// levels, B = guidance conditions.
#include "heads/diffusion/mlp_head.h"

#include <ATen/Functions.h>

#include "heads/diffusion/denoiser.h"
#include "heads/diffusion/diffusion.h"
#include "heads/diffusion/packed_denoiser.h"
#include "heads/guidance_conditions.h"

namespace tessera {
namespace {

// The network under some conditions, whose modulations are computed for many levels at once.
struct PreparedConditions {
  Tensor weight_BN1;
  PreparedModulation modulation;

  PreparedConditions(const Denoiser& denoiser, const Tensor& tau_S,
                     const std::vector<GuidanceCondition>& guidance)
      : weight_BN1(StackOf(guidance, &GuidanceCondition::weight_N1).to(tau_S.scalar_type())),
        modulation(denoiser, tau_S, StackOf(guidance, &GuidanceCondition::z_NZ)) {}
};

class GuidedDenoiser : public GuidedNetwork {
 public:
  GuidedDenoiser(const Denoiser& denoiser, const Tensor& tau_S, const Conditions& conditions)
      : denoiser_(denoiser), guided_(Prepare(tau_S, Weighted(conditions.guidance))) {
    const bool always = conditions.guided_from <= 0 && conditions.guided_to >= 1;
    plain_ = always ? guided_ : Prepare(tau_S, {conditions.guidance.front()});
  }

  Tensor Output(const Tensor& x_ND, int64_t level, bool guided) override {
    PreparedConditions& prepared = guided ? *guided_ : *plain_;
    return Sum(prepared, x_ND, prepared.modulation.At(level));
  }

  Tensor OutputAt(const Tensor& x_ND, const Tensor& tau_N, bool guided) override {
    PreparedConditions& prepared = guided ? *guided_ : *plain_;
    return Sum(prepared, x_ND, prepared.modulation.AtTaus(tau_N));
  }

 private:
  std::shared_ptr<PreparedConditions> Prepare(
      const Tensor& tau_S, const std::vector<GuidanceCondition>& guidance) const {
    return std::make_shared<PreparedConditions>(denoiser_, tau_S, guidance);
  }

  Tensor Sum(const PreparedConditions& prepared, const Tensor& x_ND, const Tensor& modulation_BNM) {
    const Tensor output_BNO = denoiser_->Denoise(x_ND, modulation_BNM).to(x_ND.scalar_type());
    return GuidedSum(output_BNO, prepared.weight_BN1, x_ND.size(1));
  }

  Denoiser denoiser_;
  std::shared_ptr<PreparedConditions> guided_, plain_;
};

class MlpHead : public ImageHead {
 public:
  MlpHead(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim)
      : ImageHead(config),
        diffusion_(config.diffusion, patch_dim),
        denoiser_(register_module("denoiser",
                                  Denoiser(DenoiserShape{.width = config.width,
                                                         .depth = config.depth,
                                                         .patch_dim = patch_dim,
                                                         .condition_dim = condition_dim,
                                                         .output_dim = diffusion_.outputs()}))) {}

  HeadLoss Loss(const Tensor& z_NZ, const Tensor& x_ND, at::Generator rng) override {
    return diffusion_.Loss(NetworkUnder(z_NZ), x_ND, std::move(rng));
  }

  Likelihood Measure(const Tensor& z_NZ, const Tensor& x_ND,
                     const Measurement& measurement) override {
    const torch::NoGradGuard no_grad;
    return diffusion_.Measure(NetworkUnder(z_NZ), x_ND, measurement);
  }

  std::optional<BinDecoder> FitDecoder(const Tensor& z_NZ, const Tensor& x_ND,
                                       at::Generator rng) override {
    const torch::NoGradGuard no_grad;
    return diffusion_.FitDecoder(NetworkUnder(z_NZ), x_ND, std::move(rng));
  }

  PatchSampler PackedSampler(WeightStorage storage) override {
    std::shared_ptr<PackedDenoiser> packed = MakePackedDenoiser(denoiser_, storage);
    if (packed == nullptr) {
      return ImageHead::PackedSampler(storage);
    }
    return [this, packed](const Conditions& conditions, const Sampling& sampling,
                          std::vector<at::Generator>& rngs) {
      const torch::NoGradGuard no_grad;
      CheckSampler(config(), sampling.config);
      return Draw(packed.get(), conditions, sampling, rngs);
    };
  }

  CleanAt CleanUnder(const Conditions& conditions) const {
    const Tensor no_tau_S = at::zeros({1}, OptionsOf(conditions));
    return diffusion_.CleanUnder(std::make_shared<GuidedDenoiser>(denoiser_, no_tau_S, conditions),
                                 conditions);
  }

 private:
  Tensor SampleRows(const Conditions& conditions, const Sampling& sampling,
                    std::vector<at::Generator>& rngs) override {
    return Draw(nullptr, conditions, sampling, rngs);
  }

  // packed: null, or whom to ask in place of the denoiser, where nothing asks for gradients.
  Tensor Draw(PackedDenoiser* packed, const Conditions& conditions, const Sampling& sampling,
              std::vector<at::Generator>& rngs) {
    const std::vector<NoiseLevel> levels = diffusion_.Levels(sampling.config);
    const Tensor tau_S = Stack(levels).tau.to(OptionsOf(conditions));
    std::shared_ptr<GuidedNetwork> network =
        packed != nullptr && !RowOf(sampling.config.kind).fitted
            ? packed->Under(tau_S, conditions)
            : std::make_shared<GuidedDenoiser>(denoiser_, tau_S, conditions);
    return diffusion_.Draw({sampling, levels, std::move(network), conditions}, rngs);
  }

  NoisyNetwork NetworkUnder(const Tensor& z_NZ) {
    return [this, z_NZ](const Tensor& noisy, const Tensor& tau) {
      return denoiser_(noisy, tau, z_NZ);
    };
  }

  static torch::TensorOptions OptionsOf(const Conditions& conditions) {
    return conditions.guidance.front().z_NZ.options().dtype(SampleType(conditions));
  }

  Diffusion diffusion_;
  Denoiser denoiser_;
};

std::shared_ptr<ImageHead> Make(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim,
                                const AutoencoderPtr&) {
  return std::make_shared<MlpHead>(config, condition_dim, patch_dim);
}

NetworkSize Size(const HeadConfig& config, const AutoencoderConfig&, double condition_dim,
                 double patch_dim) {
  const double outputs = patch_dim * (LearnsVariance(config.diffusion) ? 2 : 1);
  return DenoiserSize(Number(config.width), Number(config.depth), condition_dim, patch_dim,
                      outputs);
}

}  // namespace

CleanAt CleanUnder(const ImageHead& head, const Conditions& conditions) {
  const auto* denoises = dynamic_cast<const MlpHead*>(&head);
  TORCH_CHECK(denoises != nullptr, "this image head does not denoise, so amed cannot draw from it");
  return denoises->CleanUnder(conditions);
}

HeadFamily Family(HeadOf<HeadKind::kDiffusion>) { return {Make, Size}; }

}  // namespace tessera
