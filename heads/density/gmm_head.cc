// A mixture of Gaussians predicted from the condition (Tschannen et al. 2023, "GIVT", section 3.2).
// N = patches, Z = width of the condition, D = numbers a patch, K = components, M = mixtures of a
// patch (1, or D of a mixture per number), C = candidates of a guided draw, B = guidance.
#include <ATen/Functions.h>

#include "heads/density/gaussian_mixture.h"
#include "heads/density_loss.h"
#include "heads/guidance_conditions.h"
#include "heads/trunk.h"
#include "ops/random.h"

namespace tessera {
namespace {

// The means start this far apart: components that start alike stay alike, since they get the same
// gradient.
constexpr double kFirstSpread = .01;

// A guided density is known up to a factor, and is drawn from among so many draws of the first
// condition.
constexpr int64_t kCandidates = 64;

// Positive, 1 at 0, slope to 0 and 1 at the ends, without the cancellation of
// (x + sqrt(x^2 + 4)) / 2 below 0.
Tensor SquarePlus(const Tensor& x) {
  const Tensor root = (x.square() + 4).sqrt();
  return at::where(x > 0, (root + x) / 2, 2 / (root - at::minimum(x, at::zeros_like(x))));
}

// Counted in int64_t or, where no size may be too large, in double.
template <class Count>
struct GmmSizes {
  Count shares;   // K M
  Count numbers;  // K D
  Count factors;  // K D (D - 1) / 2 if full
  Count total() const { return shares + 2 * numbers + factors; }
};

template <class Count>
GmmSizes<Count> SizesOf(const GmmConfig& config, Count dim) {
  const auto components = static_cast<Count>(config.components);
  const bool each = config.covariance == Covariance::kPerChannel;
  const bool full = config.covariance == Covariance::kFull;
  return {components * (each ? dim : 1), components * dim,
          full ? components * dim * (dim - 1) / 2 : 0};
}

class GmmHead : public ImageHead {
 public:
  GmmHead(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim)
      : ImageHead(config),
        patch_dim_(patch_dim),
        sizes_(SizesOf(config.gmm, patch_dim)),
        trunk_(register_module("trunk", Trunk(TrunkShape{config.width, config.depth, condition_dim,
                                                         sizes_.total()}))) {
    const torch::NoGradGuard no_grad;
    trunk_->output()->bias.narrow(0, sizes_.shares, sizes_.numbers).normal_(0, kFirstSpread);
  }

  HeadLoss Loss(const Tensor& z_NZ, const Tensor& x_ND, at::Generator rng) override {
    return DensityLoss(
        LogDensity(MixtureOf(z_NZ, x_ND.scalar_type()), Dequantise(x_ND, std::move(rng))),
        patch_dim_);
  }

  Likelihood Measure(const Tensor& z_NZ, const Tensor& x_ND,
                     const Measurement& measurement) override {
    const torch::NoGradGuard no_grad;
    const Tensor exact_ND = x_ND.to(torch::kDouble);
    const GaussianMixture mixture = MixtureOf(z_NZ, torch::kDouble);
    if (config().gmm.covariance != Covariance::kFull) {
      return {LikelihoodKind::kExact, BitsOf(LogMass(mixture, exact_ND), patch_dim_)};
    }
    const Tensor log_density_N1 = LogDensity(mixture, Dequantise(exact_ND, measurement.rng));
    return {
        LikelihoodKind::kBound,
        BitsOf(log_density_N1 - kNatsPerPixelValue * static_cast<double>(patch_dim_), patch_dim_)};
  }

 private:
  Tensor SampleRows(const Conditions& conditions, const Sampling& sampling,
                    std::vector<at::Generator>& rngs) override {
    // All guidance, whatever they weigh: what a row draws must not depend on the weights beside it.
    const std::vector<GuidanceCondition>& guidance = conditions.guidance;
    std::vector<GaussianMixture> mixtures;
    for (const GuidanceCondition& condition : guidance) {
      mixtures.push_back(MixtureOf(condition.z_NZ, SampleType(conditions)));
    }
    return guidance.size() == 1 ? Draw(mixtures[0], sampling.config.temperature, rngs)
                                : DrawGuided(guidance, mixtures, sampling.config.temperature, rngs);
  }

  GaussianMixture MixtureOf(const Tensor& z_NZ, torch::Dtype dtype) {
    const Tensor raw_NO = trunk_(z_NZ).to(dtype);
    const auto parts =
        raw_NO.split_with_sizes({sizes_.shares, sizes_.numbers, sizes_.numbers, sizes_.factors}, 1);
    const auto of_components = [&](const Tensor& part) {
      return part.unflatten(1, {config().gmm.components, -1});
    };
    GaussianMixture mixture{of_components(parts[0]).log_softmax(1), of_components(parts[1]),
                            SquarePlus(of_components(parts[2]))};
    if (config().gmm.covariance == Covariance::kFull) {
      mixture.factor_NKDD = Factor(mixture.sd_NKD, parts[3]);
    }
    return mixture;
  }

  // Lower triangular, row by row from below[...], with the diagonal sd.
  Tensor Factor(const Tensor& sd_NKD, const Tensor& below) const {
    const Tensor index_2E =
        at::tril_indices(patch_dim_, patch_dim_, -1, below.options().dtype(torch::kLong));
    const Tensor place_E = index_2E[0] * patch_dim_ + index_2E[1];
    const Tensor below_NKE = below.view({sd_NKD.size(0), config().gmm.components, place_E.size(0)});
    const Tensor flat = at::zeros(
        {sd_NKD.size(0), config().gmm.components, patch_dim_ * patch_dim_}, sd_NKD.options());
    return flat.index_copy(2, place_E, below_NKE).unflatten(2, {patch_dim_, patch_dim_}) +
           at::diag_embed(sd_NKD);
  }

  // From p_0 prod_b p_b^(weight_b) / p_0, b over the guidance: one of C draws of the first
  // condition, chosen by its share of the quotient. Right as C grows; with a mixture per number,
  // each number is chosen by itself.
  Tensor DrawGuided(const std::vector<GuidanceCondition>& guidance,
                    const std::vector<GaussianMixture>& mixtures, double temperature,
                    std::vector<at::Generator>& rngs) const {
    const int64_t patches = mixtures[0].mean_NKD.size(0);
    std::vector<Tensor> candidates;
    for (int64_t c = 0; c < kCandidates; ++c) {
      candidates.push_back(Draw(mixtures[0], temperature, rngs));
    }
    const Tensor x_NCD = at::stack(candidates, 1);
    Tensor score_NCM;
    for (size_t b = 0; b < guidance.size(); ++b) {
      const Tensor log_NCM = LogDensity(Repeat(mixtures[b], kCandidates), x_NCD.flatten(0, 1))
                                 .unflatten(0, {patches, kCandidates});
      const Tensor weight_N11 = guidance[b].weight_N1.unsqueeze(2) - (b == 0 ? 1. : 0.);
      score_NCM = b == 0 ? weight_N11 * log_NCM : score_NCM + weight_N11 * log_NCM;
    }
    const Tensor below_NCM = score_NCM.softmax(1).cumsum(1);
    const Tensor pick_NM = RandRows(rngs, score_NCM.size(2), x_NCD.options());
    const Tensor chosen_NM = (below_NCM <= pick_NM.unsqueeze(1)).sum(1).clamp_max(kCandidates - 1);
    return at::gather(x_NCD, 1, chosen_NM.unsqueeze(1).expand({-1, 1, patch_dim_})).squeeze(1);
  }

  int64_t patch_dim_;
  GmmSizes<int64_t> sizes_;
  Trunk trunk_;
};

std::shared_ptr<ImageHead> Make(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim,
                                const AutoencoderPtr&) {
  return std::make_shared<GmmHead>(config, condition_dim, patch_dim);
}

NetworkSize Size(const HeadConfig& config, const AutoencoderConfig&, double condition_dim,
                 double patch_dim) {
  NetworkSize size = TrunkSize(Number(config.width), Number(config.depth), condition_dim,
                               SizesOf(config.gmm, patch_dim).total());
  size.kept += 24 * Number(config.gmm.components) * patch_dim *
               (config.gmm.covariance == Covariance::kFull ? patch_dim / 2 : 1);
  return size;
}

}  // namespace

HeadFamily Family(HeadOf<HeadKind::kGmm>) { return {Make, Size}; }

}  // namespace tessera
