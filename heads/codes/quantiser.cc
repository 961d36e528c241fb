#include "heads/codes/quantiser.h"

#include <ATen/Functions.h>

namespace tessera {
namespace {

// The control: an autoencoder without codes.
class Continuous : public Quantiser {
 public:
  Quantised Quantise(const Tensor& z_MD) const override {
    const auto digits = z_MD.options().dtype(torch::kLong);
    return {z_MD, at::empty({z_MD.size(0), 0}, digits), at::zeros({}, z_MD.options())};
  }
  Tensor ValueOf(const Tensor&) const override {
    TORCH_CHECK(false, "a continuous autoencoder has no codes");
  }
  const std::vector<int64_t>& radices() const override { return none_; }

 private:
  std::vector<int64_t> none_;
};

}  // namespace

std::shared_ptr<Quantiser> MakeFsq(const AutoencoderConfig& config);
std::shared_ptr<Quantiser> MakeVq(const AutoencoderConfig& config);

int64_t VectorDim(const AutoencoderConfig& config) {
  return config.kind == AutoencoderKind::kFsq ? std::ssize(config.levels) : config.dim;
}

std::shared_ptr<Quantiser> MakeQuantiser(const AutoencoderConfig& config) {
  const std::string problem = config.Problem();
  TORCH_CHECK(problem.empty(), problem);
  switch (config.kind) {
    case AutoencoderKind::kContinuous:
      return std::make_shared<Continuous>();
    case AutoencoderKind::kFsq:
      return MakeFsq(config);
    case AutoencoderKind::kVq:
      return MakeVq(config);
    case AutoencoderKind::kNone:
      break;
  }
  TORCH_CHECK(false, "autoencoder ", static_cast<int>(config.kind));
}

Tensor IndexOf(const Tensor& digit_MJ, const std::vector<int64_t>& radices) {
  Tensor index_M = at::zeros({digit_MJ.size(0)}, digit_MJ.options());
  for (int64_t j = std::ssize(radices) - 1; j >= 0; --j) {
    index_M = index_M * radices[j] + digit_MJ.select(1, j);
  }
  return index_M;
}

Tensor DigitsOf(const Tensor& index_M, const std::vector<int64_t>& radices) {
  std::vector<Tensor> digits;
  Tensor rest_M = index_M;
  for (const int64_t radix : radices) {
    digits.push_back(rest_M.remainder(radix));
    rest_M = rest_M.div(radix, "floor");
  }
  return at::stack(digits, 1);
}

int64_t NumCodes(const std::vector<int64_t>& radices) {
  int64_t count = 1;
  for (const int64_t radix : radices) {
    count *= radix;
  }
  return count;
}

}  // namespace tessera
