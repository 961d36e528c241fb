// Documents from rank to rank.
#pragma once

#include <vector>

#include "data/document.h"
#include "distributed/ranks.h"

namespace tessera {

// The documents of all ranks, in the order of ranks; which segments are not scored is not kept.
// Throws RankLost.
std::vector<Document> GatherDocuments(std::vector<Document> mine, const Ranks& ranks);

}  // namespace tessera
