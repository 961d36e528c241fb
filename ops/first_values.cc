#include "ops/first_values.h"

#include <ATen/Functions.h>

#include <utility>

namespace tessera {
namespace {

thread_local bool unfilled = false;

}  // namespace

torch::Tensor Gaussian(torch::IntArrayRef sizes, double deviation) {
  return unfilled ? at::empty(sizes) : at::randn(sizes).mul_(deviation);
}

torch::Tensor Zeros(torch::IntArrayRef sizes) {
  return unfilled ? at::empty(sizes) : at::zeros(sizes);
}

UnfilledScope::UnfilledScope() : before_(std::exchange(unfilled, true)) {}

UnfilledScope::~UnfilledScope() { unfilled = before_; }

}  // namespace tessera
