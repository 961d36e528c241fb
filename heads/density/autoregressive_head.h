// Number after number: p(patch) = prod_j p(x_j | condition, x_1 .. x_j-1), each factor a
// distribution over one number. Patches are drawn, and the network is conditioned on them, as 8-bit
// numbers. O = parameters of a number, C = 256 codes; ... = any axes.
#pragma once

#include <memory>

#include "heads/image_head.h"

namespace tessera {

// Its parameters, if it has any, are those that all numbers of all patches share.
class ScalarDistribution : public ModuleWithRoles {
 public:
  virtual int64_t num_parameters() const = 0;  // all 0 before training

  // What training minimises: nats of an 8-bit number. [..., O], [...] -> [...].
  virtual Tensor Nats(const Tensor& parameters, const Tensor& x, at::Generator rng) const = 0;

  // Log probabilities of the 256 codes, finite: [..., O] -> [..., C].
  virtual Tensor LogMasses(const Tensor& parameters) const = 0;
};

std::shared_ptr<ImageHead> MakeAutoregressiveHead(const HeadConfig& config, int64_t condition_dim,
                                                  int64_t patch_dim,
                                                  std::shared_ptr<ScalarDistribution> distribution);

}  // namespace tessera
