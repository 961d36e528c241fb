// Any distribution over the 256 codes of a number (van den Oord et al. 2016, "Pixel recurrent
// neural networks", section 3.1).
#include <ATen/Functions.h>

#include "heads/density/autoregressive_head.h"
#include "heads/trunk.h"
#include "ops/pixels.h"

namespace tessera {
namespace {

class Softmax256 : public ScalarDistribution {
 public:
  int64_t num_parameters() const override { return kPixelValues; }

  Tensor Nats(const Tensor& parameters, const Tensor& x, at::Generator) const override {
    return -MassOf(LogMasses(parameters), x);
  }

  Tensor LogMasses(const Tensor& parameters) const override { return parameters.log_softmax(-1); }
};

std::shared_ptr<ImageHead> Make(const HeadConfig& config, int64_t condition_dim, int64_t patch_dim,
                                const AutoencoderPtr&) {
  return MakeAutoregressiveHead(config, condition_dim, patch_dim, std::make_shared<Softmax256>());
}

NetworkSize Size(const HeadConfig& config, const AutoencoderConfig&, double condition_dim,
                 double patch_dim) {
  NetworkSize size = ScalarTrunkSize(Number(config.width), Number(config.depth), condition_dim,
                                     kPixelValues, patch_dim);
  size.kept += 5 * kPixelValues * patch_dim;
  return size;
}

}  // namespace

HeadFamily Family(HeadOf<HeadKind::kSoftmax256>) { return {Make, Size}; }

}  // namespace tessera
