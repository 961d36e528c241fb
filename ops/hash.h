// Numbers that look random but are pure functions of their input, on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace tessera {

// The finaliser of splitmix64 (Steele, Lea, Flood 2014): every input bit moves every output bit.
inline uint64_t MixBits(uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// FNV-1a, mixed.
inline uint64_t HashBytes(std::string_view bytes) {
  uint64_t hash = 0xCBF29CE484222325ull;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001B3ull;
  }
  return MixBits(hash);
}

// The upper 53 bits as a number in [0, 1).
inline double UnitInterval(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

}  // namespace tessera
