// Any distribution over the 256 codes of a number (van den Oord et al. 2016, "Pixel recurrent
// neural networks", section 3.1). B = branches, N = patches.
#include <ATen/Functions.h>

#include "heads/autoregressive_head.h"
#include "heads/pixels.h"

namespace tessera {
namespace {

class Softmax256 : public ScalarDistribution {
 public:
  int64_t num_parameters() const override { return static_cast<int64_t>(kMaxCode) + 1; }

  Tensor Nats(const Tensor& parameters, const Tensor& x, at::Generator) const override {
    return -LogMass(parameters, x);
  }

  Tensor LogMass(const Tensor& parameters, const Tensor& x) const override {
    const Tensor code = Codes(x).to(torch::kLong).unsqueeze(-1);
    return parameters.log_softmax(-1).gather(-1, code).squeeze(-1);
  }

  Tensor Quantile(const Tensor& parameters_BNO, const Tensor& weight_BN1, double temperature,
                  const Tensor& u_N) const override {
    const Tensor log_NO = (weight_BN1 * parameters_BNO.log_softmax(-1)).sum(0);
    if (temperature == 0) {
      return FromCodes(log_NO.argmax(1).to(u_N.scalar_type()));
    }
    const Tensor below_NO = (log_NO / temperature).softmax(1).cumsum(1);
    const Tensor code_N = (below_NO <= u_N.unsqueeze(1)).sum(1).clamp_max(num_parameters() - 1);
    return FromCodes(code_N.to(u_N.scalar_type()));
  }
};

}  // namespace

std::shared_ptr<ImageHead> MakeSoftmax256Head(const HeadConfig& config, int64_t condition_dim,
                                              int64_t patch_dim) {
  return MakeAutoregressiveHead(config, condition_dim, patch_dim, std::make_unique<Softmax256>());
}

}  // namespace tessera
