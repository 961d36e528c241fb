#include "sequence/permutation.h"

#include <bit>

#include "ops/hash.h"

namespace tessera {
namespace {

// 4 rounds of a Feistel network look random on large ranges (Luby, Rackoff 1988); halves of one or
// two bits need more.
constexpr uint64_t kRounds = 8;

// A bijection of the numbers of 2 * half_bits bits.
uint64_t Feistel(uint64_t x, int half_bits, uint64_t key) {
  const uint64_t mask = (uint64_t{1} << half_bits) - 1;
  uint64_t left = x >> half_bits, right = x & mask;
  for (uint64_t round = 0; round < kRounds; ++round) {
    const uint64_t mixed = MixBits(MixBits(MixBits(key) + round) ^ right) & mask;
    const uint64_t next = left ^ mixed;
    left = right;
    right = next;
  }
  return left << half_bits | right;
}

}  // namespace

int64_t Permute(int64_t index, int64_t size, uint64_t key) {
  const auto limit = static_cast<uint64_t>(size);
  const int half_bits = (std::bit_width(limit - 1) + 1) / 2;
  // Cycle walking (Black, Rogaway 2002): following the larger bijection until it is back inside
  // the range is a bijection of the range. The larger one has at most 4 times its numbers.
  uint64_t x = static_cast<uint64_t>(index);
  do {
    x = Feistel(x, half_bits, key);
  } while (x >= limit);
  return static_cast<int64_t>(x);
}

}  // namespace tessera
