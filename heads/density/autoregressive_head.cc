// B = guidance, N = patches, Z = width of the condition, D = numbers a patch, O = parameters of a
// number, C = 256 codes.
#include "heads/density/autoregressive_head.h"

#include <ATen/Functions.h>

#include "heads/density_loss.h"
#include "heads/guidance_conditions.h"
#include "heads/trunk.h"
#include "ops/random.h"

namespace tessera {
namespace {

class AutoregressiveHead : public ImageHead {
 public:
  AutoregressiveHead(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim,
                     std::shared_ptr<ScalarDistribution> distribution)
      : ImageHead(config),
        patch_dim_(patch_dim),
        distribution_(register_module("number", std::move(distribution))),
        trunk_(register_module("scalar",
                               ScalarTrunk(TrunkShape{config.width, config.depth, condition_dim,
                                                      distribution_->num_parameters()},
                                           patch_dim))) {}

  HeadLoss Loss(const Tensor& z_NZ, const Tensor& x_ND, at::Generator rng) override {
    const Tensor parameters = trunk_(z_NZ, x_ND).to(x_ND.scalar_type());
    return MassLoss(-distribution_->Nats(parameters, x_ND, std::move(rng)), patch_dim_);
  }

  Likelihood Measure(const Tensor& z_NZ, const Tensor& x_ND, const Measurement&) override {
    const torch::NoGradGuard no_grad;
    const Tensor log_mass_NDC = distribution_->LogMasses(trunk_(z_NZ, x_ND).to(torch::kDouble));
    return {LikelihoodKind::kExact, BitsOf(MassOf(log_mass_NDC, x_ND), patch_dim_)};
  }

 private:
  Tensor SampleRows(const Conditions& conditions, const Sampling& sampling,
                    std::vector<at::Generator>& rngs) override {
    const std::vector<GuidanceCondition>& guidance = conditions.guidance;
    const torch::Dtype dtype = SampleType(conditions);
    const Tensor z_BNZ = StackOf(guidance, &GuidanceCondition::z_NZ);
    const Tensor weight_BN1 = StackOf(guidance, &GuidanceCondition::weight_N1).to(torch::kDouble);
    const Tensor u_ND = RandRows(rngs, patch_dim_, z_BNZ.options().dtype(torch::kDouble));
    ScalarTrunkImpl::Pass pass(*trunk_, z_BNZ);
    std::vector<Tensor> numbers;
    for (int64_t j = 0; j < patch_dim_; ++j) {
      const Tensor log_mass_BNC = distribution_->LogMasses(pass.Parameters().to(torch::kDouble));
      const Tensor code_N = DrawCode((weight_BN1 * log_mass_BNC).sum(0),
                                     sampling.config.temperature, u_ND.select(1, j));
      numbers.push_back(FromPixelValues(code_N.to(dtype)));
      pass.Append(numbers.back());
    }
    return at::stack(numbers, 1);
  }

  int64_t patch_dim_;
  std::shared_ptr<ScalarDistribution> distribution_;
  ScalarTrunk trunk_;
};

}  // namespace

std::shared_ptr<ImageHead> MakeAutoregressiveHead(
    const HeadConfig& config, int64_t condition_dim, int64_t patch_dim,
    std::shared_ptr<ScalarDistribution> distribution) {
  return std::make_shared<AutoregressiveHead>(config, condition_dim, patch_dim,
                                              std::move(distribution));
}

}  // namespace tessera
