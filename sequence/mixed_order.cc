#include "sequence/mixed_order.h"

#include <cmath>

#include "ops/hash.h"
#include "sequence/permutation.h"

namespace tessera {

MixedTurn MixedTurnAt(const std::vector<MixedSet>& sets, int64_t turn) {
  for (size_t i = 0; i + 1 < sets.size(); ++i) {
    double rest = 0;
    for (size_t k = i; k < sets.size(); ++k) {
      rest += sets[k].weight;
    }
    const double share = sets[i].weight / rest;
    const int64_t before = std::llround(static_cast<double>(turn) * share);
    if (std::llround(static_cast<double>(turn + 1) * share) > before) {
      return {i, before};
    }
    turn -= before;
  }
  return {sets.size() - 1, turn};
}

int64_t DocumentAt(const std::vector<MixedSet>& sets, int64_t turn, uint64_t seed) {
  const MixedTurn mixed = MixedTurnAt(sets, turn);
  int64_t first = 0;
  for (size_t i = 0; i < mixed.set; ++i) {
    first += sets[i].size;
  }
  const int64_t size = sets[mixed.set].size;
  const uint64_t key = MixBits(MixBits(seed) + static_cast<uint64_t>(mixed.turn / size));
  return first + Permute(mixed.turn % size, size, key ^ mixed.set);
}

}  // namespace tessera
