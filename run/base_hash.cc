#include "run/base_hash.h"

#include <torch/types.h>
#include <torch/utils.h>
#include <xxhash.h>

#include <memory>

#include "absl/strings/str_format.h"
#include "ops/hash.h"
#include "run/safetensors.h"

namespace tessera {
namespace {

std::string Hexadecimal(uint64_t hash) { return absl::StrFormat("%016x", hash); }

}  // namespace

std::string BaseHash(const NamedTensors& parameters) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  XXH3_64bits_reset(state.get());
  for (const auto& [name, parameter] : parameters) {
    const Tensor tensor = parameter.detach().cpu().contiguous();
    const Tensor wide =
        tensor.scalar_type() == torch::kBFloat16 ? tensor.to(torch::kFloat32) : tensor;
    XXH3_64bits_update(state.get(), name.c_str(), name.size() + 1);
    XXH3_64bits_update(state.get(), wide.sizes().data(), wide.dim() * sizeof(int64_t));
    XXH3_64bits_update(state.get(), wide.data_ptr(), wide.nbytes());
  }
  return Hexadecimal(XXH3_64bits_digest(state.get()));
}

std::string FormerBaseHash(const NamedTensors& parameters) {
  return Hexadecimal(HashBytes(WriteSafetensors(parameters)));
}

}  // namespace tessera
