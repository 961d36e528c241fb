// Which document stands at each turn of training, as a pure function of the seed and the turn.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace tessera {

// A document of a set of a mixture.
struct MixedTurn {
  size_t set;
  int64_t turn;  // of the set: how many of its documents came before
};

// Shares the turns out by weight. The first set has turn t if the rounded number t * share grows
// there, and the others share what is left in the same way. So n sets never are off their shares of
// the first t turns by more than n / 2 documents, and two sets by half a document. A set without
// documents has no turn.
MixedTurn MixedTurnAt(const std::vector<MixedSet>& sets, int64_t turn);

// The document at a turn of the endless stream of epochs. Each epoch of each set has an order of
// its own.
int64_t DocumentAt(const std::vector<MixedSet>& sets, int64_t turn, uint64_t seed);

// The i-th of `count` documents that stand for the data set: taken evenly, from each set of a
// mixture by its weight.
int64_t SpreadAt(const Dataset& dataset, int64_t i, int64_t count);

}  // namespace tessera
