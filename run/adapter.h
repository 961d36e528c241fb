// Adapters: changes of low rank that are trained in place of a model's matrices (LoRA, Hu et al.
// 2021; LoRA+, Hayou et al. 2024). No module knows of them: the matrices hold W + s B A, computed
// once a step, and their gradient G gives that of A as s B' G and that of B as s G A'.
// O, I = outputs and inputs of a linear map, R = rank, s = alpha / rank.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/parameter_role.h"
#include "run/adapter_config.h"
#include "run/named_tensors.h"

namespace tessera {

class Adapters {
 public:
  Adapters() = default;  // of nothing

  // Attaches to the linear maps among `parameters`, all tensors of a model, that config.targets
  // match: to matrices that have a role and are no embedding. They keep the gradient that A and B
  // need; nothing else of the model has one from now on.
  static absl::StatusOr<Adapters> Attach(const NamedTensors& parameters,
                                         const ParameterRoles& roles, const AdapterConfig& config,
                                         int64_t seed);

  bool empty() const { return adapters_.empty(); }

  // A [R, I] and B [O, R] of each, under the names of Hugging Face's PEFT.
  NamedTensors Parameters() const;

  // The matrices become what A and B now say.
  void Apply();

  // Applies the adapters without the inputs that this step leaves out, up to the next Apply. The
  // rest is scaled up, so that the mean over steps is what Apply gives.
  void DropInputs(int64_t step);

  // Adds to the gradients of A and B what the matrices' gradients say, and forgets those.
  void CollectGradients();

  // A hash of all the model's parameters as they were when the adapters were attached.
  const std::string& base_hash() const { return base_hash_; }

 private:
  struct Adapter {
    std::string path;  // of the module whose weight it changes
    Tensor weight_OI;  // the model's
    Tensor base_OI;
    Tensor a_RI, b_OR;
    Tensor kept_I;  // undefined, or factors of the inputs in this step: 0 or 1 / (1 - dropout)
  };

  Adapters(const NamedTensors& targets, const AdapterConfig& config, int64_t seed);

  static Tensor Reading(const Adapter& adapter);  // A of the inputs that are kept
  void Compose();

  AdapterConfig config_;
  int64_t seed_ = 0;
  double scale_ = 0;
  std::string base_hash_;
  std::vector<Adapter> adapters_;
};

// adapter_config.json as PEFT reads it: `base` is where the base is, beside it the hash by which it
// is known.
std::string PeftConfig(const AdapterConfig& config, const Adapters& adapters,
                       const std::string& base);

}  // namespace tessera
