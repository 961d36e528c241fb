// What the files of kernels share. They see no LibTorch.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "ops/kernels.h"

// Compiled three times, for the vector widths of 2003, 2013 and 2017; the loader takes the widest.
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define INLINE inline __attribute__((always_inline))

namespace tessera::kernels {

INLINE float Load(float x) { return x; }
INLINE float Load(Bf16 x) { return std::bit_cast<float>(static_cast<uint32_t>(x.bits) << 16); }
INLINE void Store(float x, float& y) { y = x; }
// To nearest, ties to even.
INLINE void Store(float x, Bf16& y) {
  const auto bits = std::bit_cast<uint32_t>(x);
  y.bits = static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

// e^x to 2 units in the last place, without a branch, so that loops over it are vectorised:
// 2^n e^r with |r| <= ln(2) / 2 and a Taylor polynomial for e^r.
INLINE float Exp(float x) {
  constexpr float kLog2e = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr float kRound = 12582912.f;  // 1.5 * 2^23: adding it leaves the nearest integer below
  x = std::min(std::max(x, -87.f), 88.f);
  const float n = (x * kLog2e + kRound) - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  const float high = 1.f / 24 + r * (1.f / 120 + r * (1.f / 720 + r * (1.f / 5040)));
  const float p = 1 + r * (1 + r * (.5f + r * (1.f / 6 + r * high)));
  return std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23) * p;
}

}  // namespace tessera::kernels
