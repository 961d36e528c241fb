// What matrix products are computed in, and what packed weights are stored in; parameters are f32
// whatever it is.
#pragma once

#include <array>

namespace tessera {

enum class Precision { kF32, kBf16, kAuto };
constexpr auto EnumNames(Precision) { return std::array{"f32", "bf16", "auto"}; }

// Returns the faster one on this CPU: bf16 if it has instructions for such products (AVX512_BF16,
// which comes with AMX too) and oneDNN, which computes them, is not told to do without
// (DNNL_MAX_CPU_ISA); else f32, since bf16 would be emulated, up to 19 times slower.
Precision FastPrecision();

// Decides what auto is; nothing else asks the CPU.
inline bool IsBf16(Precision precision) {
  return (precision == Precision::kAuto ? FastPrecision() : precision) == Precision::kBf16;
}

enum class WeightStorage { kF32, kBf16, kInt8 };
constexpr auto EnumNames(WeightStorage) { return std::array{"f32", "bf16", "int8"}; }

}  // namespace tessera
