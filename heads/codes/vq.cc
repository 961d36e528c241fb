// Vector quantisation (van den Oord et al. 2017, "Neural discrete representation learning"): the
// nearest vector of a codebook. Squared distances are means over numbers, as that of the
// reconstruction is: the weight of one against the other hangs on that.
// M = vectors, D = numbers of a vector, K = codes; a code has one digit.
#include <ATen/Functions.h>

#include "heads/codes/quantiser.h"

namespace tessera {
namespace {

constexpr double kSmoothing = 1e-5;  // of the counts that average vectors are divided by

class Vq : public Quantiser {
 public:
  explicit Vq(const AutoencoderConfig& config) : config_(config), radices_({config.codes}) {
    const double bound = 1 / static_cast<double>(config.codes);
    const Tensor first_KD = (at::rand({config.codes, config.dim}) * 2 - 1) * bound;
    // A count that began at 0 would throw a code that is not used at once far away, for good.
    count_K_ = register_buffer("count", at::ones({config.codes}));
    if (averages()) {
      sum_KD_ = register_buffer("sum", first_KD);
    } else {
      codebook_KD_ = RegisterParameter("codebook", first_KD, ParameterRole::kEmbedding);
    }
  }

  Quantised Quantise(const Tensor& z_MD) const override {
    const Tensor e_KD = Book();
    const Tensor index_M = Nearest(z_MD.detach(), e_KD.detach());
    const Tensor chosen_MD = at::index_select(e_KD, 0, index_M).to(z_MD.dtype());
    Tensor loss = (z_MD - chosen_MD.detach()).square().mean() * config_.commitment;
    if (!averages()) {
      loss = loss + (chosen_MD - z_MD.detach()).square().mean();
    }
    return {z_MD + (chosen_MD - z_MD).detach(), index_M.unsqueeze(1), loss};
  }

  Tensor ValueOf(const Tensor& code_M1) const override {
    return at::index_select(Book(), 0, code_M1.squeeze(1));
  }

  const std::vector<int64_t>& radices() const override { return radices_; }

  // Averages of how often each code is chosen, and of the sum of what it is chosen for (appendix
  // A.1 of the paper).
  void Learn(const Tensor& z_MD, const Tensor& code_M1, at::Generator rng) override {
    const torch::NoGradGuard no_grad;
    const Tensor index_M = code_M1.squeeze(1);
    const Tensor used_K = at::bincount(index_M, {}, config_.codes).to(count_K_.dtype());
    count_K_.lerp_(used_K, 1 - config_.decay);
    if (averages()) {
      const Tensor chosen_for_KD =
          at::zeros_like(sum_KD_).index_add_(0, index_M, z_MD.to(sum_KD_.dtype()));
      sum_KD_.lerp_(chosen_for_KD, 1 - config_.decay);
    }
    Restart(z_MD, rng);
  }

 private:
  bool averages() const { return config_.codebook == Codebook::kEma; }

  Tensor Book() const {
    if (!averages()) {
      return codebook_KD_;
    }
    const Tensor all = count_K_.sum();
    const Tensor smooth_K = (count_K_ + kSmoothing) / (all + kSmoothing * config_.codes) * all;
    return sum_KD_ / smooth_K.unsqueeze(1);
  }

  // In double, which autocast leaves alone; |z|^2 is the same for all codes.
  static Tensor Nearest(const Tensor& z_MD, const Tensor& e_KD) {
    const Tensor e_KD64 = e_KD.to(torch::kDouble);
    return at::addmm(e_KD64.square().sum(1), z_MD.to(torch::kDouble), e_KD64.t(), /*beta=*/1,
                     /*alpha=*/-2)
        .argmin(1);
  }

  // Codes that are hardly chosen stand for some encoded vector anew, with the count of an average
  // code, so that they have time to be chosen.
  void Restart(const Tensor& z_MD, at::Generator rng) {
    const Tensor mean = count_K_.mean();
    const Tensor dead_R = at::nonzero(count_K_ < mean * config_.restart).squeeze(1);
    if (dead_R.size(0) == 0) {
      return;
    }
    const Tensor pick_R = at::randint(z_MD.size(0), dead_R.sizes(), rng, dead_R.options());
    const Tensor anew_RD = at::index_select(z_MD.detach(), 0, pick_R).to(count_K_.dtype());
    count_K_.index_fill_(0, dead_R, mean);
    if (averages()) {
      sum_KD_.index_copy_(0, dead_R, anew_RD * mean);
    } else {
      codebook_KD_.index_copy_(0, dead_R, anew_RD);
    }
  }

  AutoencoderConfig config_;
  std::vector<int64_t> radices_;
  Tensor count_K_, sum_KD_, codebook_KD_;  // the last two: of one kind each
};

}  // namespace

std::shared_ptr<Quantiser> MakeVq(const AutoencoderConfig& config) {
  return std::make_shared<Vq>(config);
}

}  // namespace tessera
