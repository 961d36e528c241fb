// Several data sets as one: their documents stand one set behind the other. Which comes when in
// training is decided by sequence/mixed_order.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/config.h"
#include "data/dataset.h"

namespace tessera {

struct WeightedSet {
  std::string name;
  double weight;
  std::unique_ptr<Dataset> dataset;
};

// Those of a mixture; else none.
std::vector<std::string> NamesOfSets(const DataConfig& data);

// Messages about a document begin with the name of its set.
std::unique_ptr<Dataset> MakeMixture(std::vector<WeightedSet> sets);

}  // namespace tessera
