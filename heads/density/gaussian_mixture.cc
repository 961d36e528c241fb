#include "heads/density/gaussian_mixture.h"

#include <ATen/Functions.h>

#include <cmath>
#include <numbers>

#include "ops/pixels.h"
#include "ops/random.h"

namespace tessera {
namespace {

const double kLogRootTwoPi = std::log(2 * std::numbers::pi) / 2;

// [N, K, D], or nothing but a sum over D where a mixture is of whole patches: [N, K, M] -> [N, M].
Tensor Mix(const GaussianMixture& mixture, const Tensor& log_NKD) {
  const bool whole = mixture.log_share_NKM.size(2) == 1;
  const Tensor log_NKM = whole ? log_NKD.sum(2, /*keepdim=*/true) : log_NKD;
  return at::logsumexp(mixture.log_share_NKM + log_NKM, {1});
}

// L^-1 (x - mean)
Tensor Whiten(const GaussianMixture& mixture, const Tensor& x_ND) {
  const Tensor error_NKD = x_ND.unsqueeze(1) - mixture.mean_NKD;
  if (!mixture.factor_NKDD.defined()) {
    return error_NKD / mixture.sd_NKD;
  }
  return at::linalg_solve_triangular(mixture.factor_NKDD, error_NKD.unsqueeze(-1),
                                     /*upper=*/false)
      .squeeze(-1);
}

// log(Phi(b) - Phi(a)) for a < b, from that tail of the two in which both are small.
Tensor LogNormalMass(const Tensor& a, const Tensor& b) {
  const Tensor flip = a > -b;
  const Tensor upper = at::special_log_ndtr(at::where(flip, -a, b));
  const Tensor lower = at::special_log_ndtr(at::where(flip, -b, a));
  return upper + at::log1p(-(lower - upper).exp());
}

}  // namespace

Tensor LogDensity(const GaussianMixture& mixture, const Tensor& x_ND) {
  const Tensor log_NKD = Whiten(mixture, x_ND).square() / -2 - mixture.sd_NKD.log() - kLogRootTwoPi;
  return Mix(mixture, log_NKD);
}

Tensor LogMass(const GaussianMixture& mixture, const Tensor& x_ND) {
  TORCH_CHECK(!mixture.factor_NKDD.defined(), "the mass of a box under a full covariance");
  const Bins bins = BinsOf(x_ND);
  const auto standard = [&](const Tensor& edge_ND) {
    return (edge_ND.unsqueeze(1) - mixture.mean_NKD) / mixture.sd_NKD;
  };
  return Mix(mixture, LogNormalMass(standard(bins.lower), standard(bins.upper)));
}

Tensor Draw(const GaussianMixture& mixture, double temperature, std::vector<at::Generator>& rngs) {
  const Tensor& log_share_NKM = mixture.log_share_NKM;
  const Tensor pick_NM = RandRows(rngs, log_share_NKM.size(2), mixture.mean_NKD.options());
  const Tensor noise_ND = RandnRows(rngs, mixture.mean_NKD.size(2), mixture.mean_NKD.options());
  Tensor component_NM = log_share_NKM.argmax(1);
  if (temperature > 0) {
    const Tensor below_NKM = at::softmax(log_share_NKM / temperature, 1).cumsum(1);
    component_NM = (below_NKM <= pick_NM.unsqueeze(1)).sum(1).clamp_max(log_share_NKM.size(1) - 1);
  }
  const Tensor index_N1D = component_NM.unsqueeze(1).expand({-1, 1, noise_ND.size(1)});
  const auto chosen = [&](const Tensor& of_NKD) {
    return at::gather(of_NKD, 1, index_N1D).squeeze(1);
  };
  if (!mixture.factor_NKDD.defined()) {
    return at::addcmul(chosen(mixture.mean_NKD), chosen(mixture.sd_NKD), noise_ND, temperature);
  }
  const Tensor row_N = at::arange(noise_ND.size(0), component_NM.options());
  const Tensor factor_NDD = mixture.factor_NKDD.index({row_N, component_NM.squeeze(1)});
  const Tensor moved_ND = at::bmm(factor_NDD, noise_ND.unsqueeze(-1)).squeeze(-1);
  return at::add(chosen(mixture.mean_NKD), moved_ND, temperature);
}

GaussianMixture Repeat(const GaussianMixture& mixture, int64_t times) {
  const auto repeat = [&](const Tensor& of_N) {
    return of_N.defined() ? at::repeat_interleave(of_N, times, 0) : of_N;
  };
  return {repeat(mixture.log_share_NKM), repeat(mixture.mean_NKD), repeat(mixture.sd_NKD),
          repeat(mixture.factor_NKDD)};
}

}  // namespace tessera
