// Number after number: p(patch) = prod_j p(x_j | condition, x_1 .. x_j-1), each factor a
// distribution over one number. Patches are drawn, and told to the network, as 8-bit numbers.
// B = branches, N = patches, O = parameters of a number; ... = any axes.
#pragma once

#include <memory>

#include "heads/image_head.h"

namespace tessera {

class ScalarDistribution {
 public:
  virtual ~ScalarDistribution() = default;

  virtual int64_t num_parameters() const = 0;  // all 0 before training

  // What training minimises: nats of an 8-bit number. [..., O], [...] -> [...].
  virtual Tensor Nats(const Tensor& parameters, const Tensor& x, at::Generator rng) const = 0;

  // Log probability of the 8-bit number.
  virtual Tensor LogMass(const Tensor& parameters, const Tensor& x) const = 0;

  // prod_b p_b^weight_b to the power of 1 / temperature, at u: the number below which the share u_N
  // of the probability lies. At temperature 0 the likeliest number. A row whose only weight is 1
  // gets the number of that branch alone, to the bit.
  virtual Tensor Quantile(const Tensor& parameters_BNO, const Tensor& weight_BN1,
                          double temperature, const Tensor& u_N) const = 0;
};

std::shared_ptr<ImageHead> MakeAutoregressiveHead(const HeadConfig& config, int64_t condition_dim,
                                                  int64_t patch_dim,
                                                  std::unique_ptr<ScalarDistribution> distribution);

}  // namespace tessera
