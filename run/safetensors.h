// Safetensors files (huggingface/safetensors): 8 bytes of header length, a JSON header that gives
// each tensor's dtype, shape and place, then the numbers, little-endian. Python's safetensors reads
// them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "run/named_tensors.h"

namespace tessera {

// The bytes of a file. Tensors of any device and layout; dtypes f64, f32, f16, bf16, i64, i32, i16,
// i8, u8 and bool.
std::string WriteSafetensors(const NamedTensors& tensors,
                             const std::map<std::string, std::string>& metadata = {});

// Tensors on the CPU, in the order of their bytes. These are copied, unless an owner is given that
// keeps them: then those tensors that are aligned are views of them. Everything that the format
// promises is checked; name is the file's, for errors.
absl::StatusOr<NamedTensors> ParseSafetensors(std::string_view bytes, const std::string& name,
                                              std::shared_ptr<const void> owner = nullptr);

}  // namespace tessera
