// The squared error as a likelihood: a Gaussian around the predicted patch, with one standard
// deviation for all numbers of all patches, learned beside it. The minimum in the mean is that of
// the squared error. N = patches, Z = width of the condition, D = numbers a patch.
#include <ATen/Functions.h>

#include "heads/density/gaussian_mixture.h"
#include "heads/density_loss.h"
#include "heads/guidance_conditions.h"
#include "heads/trunk.h"

namespace tessera {
namespace {

// An optimizer that moves each parameter by about its rate would need a whole training for the one
// number that decides how good the likelihood is: log sd is this many times its parameter.
constexpr double kSdRate = 10;

class MseHead : public ImageHead {
 public:
  MseHead(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim)
      : ImageHead(config),
        trunk_(register_module(
            "trunk", Trunk(TrunkShape{config.width, config.depth, condition_dim, patch_dim}))),
        slow_log_sd_(RegisterParameter("slow_log_sd", at::zeros({1}), ParameterRole::kOutput)) {}

  HeadLoss Loss(const Tensor& z_NZ, const Tensor& x_ND, at::Generator rng) override {
    return DensityLoss(
        LogDensity(Gaussian(trunk_(z_NZ), x_ND.scalar_type()), Dequantise(x_ND, std::move(rng))),
        x_ND.size(1));
  }

  Likelihood Measure(const Tensor& z_NZ, const Tensor& x_ND, const Measurement&) override {
    const torch::NoGradGuard no_grad;
    return {LikelihoodKind::kExact,
            BitsOf(LogMass(Gaussian(trunk_(z_NZ), torch::kDouble), x_ND.to(torch::kDouble)),
                   x_ND.size(1))};
  }

 private:
  // Guided, the mean is the weighted sum of means. At temperature 0 the patch is the mean.
  Tensor SampleRows(const Conditions& conditions, const Sampling& sampling,
                    std::vector<at::Generator>& rngs) override {
    const std::vector<GuidanceCondition> guidance = Weighted(conditions.guidance);
    const Tensor mean_BND = trunk_(StackOf(guidance, &GuidanceCondition::z_NZ));
    const Tensor mean_ND = (mean_BND * StackOf(guidance, &GuidanceCondition::weight_N1)).sum(0);
    return Draw(Gaussian(mean_ND, SampleType(conditions)), sampling.config.temperature, rngs);
  }

  GaussianMixture Gaussian(const Tensor& mean_ND, torch::Dtype dtype) const {
    const Tensor mean_N1D = mean_ND.unsqueeze(1).to(dtype);
    return {at::zeros_like(mean_N1D.slice(2, 0, 1)), mean_N1D,
            (kSdRate * slow_log_sd_.to(dtype)).exp().expand_as(mean_N1D)};
  }

  Trunk trunk_;
  Tensor slow_log_sd_;
};

std::shared_ptr<ImageHead> Make(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim,
                                const AutoencoderPtr&) {
  return std::make_shared<MseHead>(config, condition_dim, patch_dim);
}

NetworkSize Size(const HeadConfig& config, const AutoencoderConfig&, double condition_dim,
                 double patch_dim) {
  NetworkSize size =
      TrunkSize(Number(config.width), Number(config.depth), condition_dim, patch_dim);
  size.other += 1;
  size.kept += 8 * patch_dim;
  return size;
}

}  // namespace

HeadFamily Family(HeadOf<HeadKind::kMse>) { return {Make, Size}; }

}  // namespace tessera
