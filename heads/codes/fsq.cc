// Finite scalar quantisation (Mentzer et al. 2023): each number of a vector is bounded and rounded
// to one of L levels. M = vectors, D = numbers of a vector, a digit each.
#include <ATen/Functions.h>

#include <cmath>

#include "heads/codes/quantiser.h"

namespace tessera {
namespace {

constexpr double kMargin = 1e-3;  // of the range, so that no number rounds to an (L + 1)-th level

// tanh: levels around 0, of an even number one more below. sigmoid: 0 to L - 1 (spaces.ac.cn 9826),
// which needs no case for even numbers and takes 2 levels too.
class Fsq : public Quantiser {
 public:
  explicit Fsq(const AutoencoderConfig& config)
      : levels_(config.levels), tanh_(config.bound == FsqBound::kTanh) {
    const Tensor count_D = at::tensor(levels_, torch::kDouble);
    first_D_ = tanh_ ? (count_D / 2).floor() : at::zeros_like(count_D);
    spacing_D_ = tanh_ ? 1 / first_D_ : 2 / (count_D - 1);
    range_D_ = tanh_ ? (count_D - 1) * ((1 - kMargin) / 2) : count_D - 1;
    offset_D_ = .5 * (count_D.remainder(2) == 0);
    // The paper has tan, by mistake; atanh makes Bounded(0) exactly 0.
    shift_D_ = (offset_D_ / range_D_).atanh();
  }

  Quantised Quantise(const Tensor& z_MD) const override {
    const Tensor bounded_MD = Bounded(z_MD), level_MD = at::round(bounded_MD.detach());
    const Tensor straight_MD = bounded_MD + (level_MD - bounded_MD.detach());
    return {Scaled(straight_MD), (level_MD + Like(first_D_, z_MD)).to(torch::kLong),
            at::zeros({}, z_MD.options())};
  }

  Tensor ValueOf(const Tensor& digit_MD) const override {
    return Scaled(digit_MD.to(torch::kFloat) - Like(first_D_, digit_MD.to(torch::kFloat)));
  }

  const std::vector<int64_t>& radices() const override { return levels_; }

 private:
  static Tensor Like(const Tensor& row_D, const Tensor& z) { return row_D.to(z.options()); }

  Tensor Bounded(const Tensor& z_MD) const {
    const Tensor range_D = Like(range_D_, z_MD);
    return tanh_ ? (z_MD + Like(shift_D_, z_MD)).tanh() * range_D - Like(offset_D_, z_MD)
                 : z_MD.sigmoid() * range_D;
  }

  // To [-1, 1], where the decoder reads it.
  Tensor Scaled(const Tensor& level_MD) const {
    return level_MD * Like(spacing_D_, level_MD) - (tanh_ ? 0 : 1);
  }

  std::vector<int64_t> levels_;
  bool tanh_;
  Tensor first_D_;             // the digit of level 0
  Tensor spacing_D_;           // of neighbouring levels, in numbers of the decoder
  Tensor range_D_, offset_D_;  // of the bounded numbers
  Tensor shift_D_;
};

}  // namespace

std::shared_ptr<Quantiser> MakeFsq(const AutoencoderConfig& config) {
  return std::make_shared<Fsq>(config);
}

}  // namespace tessera
