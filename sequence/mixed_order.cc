#include "sequence/mixed_order.h"

#include <cmath>

#include "ops/hash.h"
#include "sequence/permutation.h"

namespace tessera {

namespace {

double WeightOf(const MixedSet& set) { return set.size > 0 ? set.weight : 0; }

}  // namespace

MixedTurn MixedTurnAt(const std::vector<MixedSet>& sets, int64_t turn) {
  for (size_t i = 0; i + 1 < sets.size(); ++i) {
    double rest = 0;
    for (size_t k = i; k < sets.size(); ++k) {
      rest += WeightOf(sets[k]);
    }
    const double share = WeightOf(sets[i]) / rest;
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

int64_t SpreadAt(const Dataset& dataset, int64_t i, int64_t count) {
  const std::vector<MixedSet> sets = dataset.Sets();
  return sets.empty() ? i * dataset.size() / count : DocumentAt(sets, i, 0);
}

}  // namespace tessera
