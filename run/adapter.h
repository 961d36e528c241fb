// Adapters: changes of low rank that are trained in place of a model's matrices (LoRA, Hu et al.
// 2021; LoRA+, Hayou et al. 2024). No module knows of them. Training adds s (x A^T) B^T to each
// product with such a matrix W (ops/linear.h), so that W has no gradient; whatever else reads a
// parameter finds W + s B A there, while the adapters are folded into the matrices.
// O, I = outputs and inputs of a linear map, R = rank, s = alpha / rank.
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/linear.h"
#include "ops/parameter_role.h"
#include "run/adapter_config.h"
#include "run/named_tensors.h"

namespace tessera {

class Adapters {
 public:
  Adapters() = default;  // of nothing

  // Attaches to the linear maps among `parameters`, all tensors of a model, that config.targets
  // match: to matrices that have a role and are no embedding. Nothing of the model has a gradient
  // from now on.
  static absl::StatusOr<Adapters> Attach(const NamedTensors& parameters,
                                         const ParameterRoles& roles, const AdapterConfig& config,
                                         int64_t seed);

  bool empty() const { return adapters_.empty(); }

  // A [R, I] and B [O, R] of each, under the names of Hugging Face's PEFT.
  NamedTensors Parameters() const;

  // What Linear adds while the matrices are not folded.
  LowRankChanges Changes() const;

  // Changes() without the inputs that this step leaves out. The rest is scaled up, so that the mean
  // over steps is what Changes gives.
  LowRankChanges ChangesInStep(int64_t step) const;

  // The matrices become what A and B now say, and those in bf16 become f32.
  void Fold();

  // The matrices are as before Fold again.
  void Unfold();

  // Fold for good: what the matrices were is forgotten.
  void Merge();

  // A hash of all the model's parameters as they were when the adapters were attached.
  const std::string& base_hash() const { return base_hash_; }

 private:
  struct Adapter {
    std::string path;  // of the module whose weight it changes
    Tensor weight_OI;  // the model's
    Tensor a_RI, b_OR;
  };
  struct Unfolded {
    Tensor parameter, before;
  };

  Adapters(const NamedTensors& targets, const AdapterConfig& config, int64_t seed);

  void Exchange(Tensor& parameter, const Tensor& value);

  AdapterConfig config_;
  int64_t seed_ = 0;
  double scale_ = 0;
  std::string base_hash_;
  std::vector<Adapter> adapters_;
  std::vector<Tensor> narrow_;      // the model's parameters in bf16
  std::vector<Unfolded> unfolded_;  // while folded
};

// The matrices are folded while it lives.
class FoldedScope {
 public:
  explicit FoldedScope(Adapters& adapters) : adapters_(adapters) { adapters_.Fold(); }
  ~FoldedScope() { adapters_.Unfold(); }
  FoldedScope(const FoldedScope&) = delete;
  FoldedScope& operator=(const FoldedScope&) = delete;

 private:
  Adapters& adapters_;
};

// adapter_config.json as PEFT reads it: `base` is where the base is.
std::string PeftConfig(const AdapterConfig& config, const Adapters& adapters,
                       const std::string& base);

}  // namespace tessera
