#include "ops/random.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>

#include "ops/hash.h"

namespace tessera {
uint64_t MixSeed(uint64_t seed, uint64_t stream, uint64_t step, uint64_t item) {
  uint64_t mixed = MixBits(seed);
  for (const uint64_t part : {stream, step, item}) {
    mixed = MixBits(mixed ^ part);
  }
  return mixed;
}

at::Generator MakeGenerator(torch::Device device, uint64_t seed, Stream stream, uint64_t step,
                            uint64_t item) {
  const uint64_t mixed = MixSeed(seed, static_cast<uint64_t>(stream), step, item);
  if (device.is_cpu()) {
    return at::make_generator<at::CPUGeneratorImpl>(mixed);
  }
  at::Generator rng = at::globalContext().defaultGenerator(device).clone();
  rng.set_current_seed(mixed);
  return rng;
}

Tensor RandnRows(std::vector<at::Generator>& rngs, int64_t dim, torch::TensorOptions options) {
  Tensor rows_ND = at::empty({static_cast<int64_t>(rngs.size()), dim}, options);
  for (size_t i = 0; i < rngs.size(); ++i) {
    rows_ND.select(0, static_cast<int64_t>(i)).normal_(0, 1, rngs[i]);
  }
  return rows_ND;
}

Tensor RandRows(std::vector<at::Generator>& rngs, int64_t dim, torch::TensorOptions options) {
  Tensor rows_ND = at::empty({static_cast<int64_t>(rngs.size()), dim}, options);
  for (size_t i = 0; i < rngs.size(); ++i) {
    rows_ND.select(0, static_cast<int64_t>(i)).uniform_(0, 1, rngs[i]);
  }
  return rows_ND;
}

}  // namespace tessera
