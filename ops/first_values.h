// The first values of the large matrices of a model, which a model that is read from files does
// without.
#pragma once

#include <torch/types.h>

namespace tessera {

// Drawn from the normal distribution with this deviation, or zeros.
torch::Tensor Gaussian(torch::IntArrayRef sizes, double deviation);
torch::Tensor Zeros(torch::IntArrayRef sizes);

// While it lives, both give memory on this thread that nothing was written to.
class UnfilledScope {
 public:
  UnfilledScope();
  ~UnfilledScope();
  UnfilledScope(const UnfilledScope&) = delete;
  UnfilledScope& operator=(const UnfilledScope&) = delete;

 private:
  bool before_;
};

}  // namespace tessera
