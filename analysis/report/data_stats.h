// What the documents of data sets are like, in numbers and as a page: lengths of texts, sizes and
// grids of pictures, words.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "data/text/tokenizer.h"
#include "sequence/grids.h"

namespace tessera {

// One of the sets that a recipe reads.
struct SetToCount {
  std::string name;  // of a mixture's set; else empty
  std::shared_ptr<const Dataset> train = nullptr, test = nullptr;
};

struct StatsOptions {
  int64_t count = 10000;                 // documents of a split to look at, evenly
  const Tokenizer* tokenizer = nullptr;  // null: texts are not cut into tokens
  std::vector<PatchGrid> grids = {};
  std::function<void(double share)> on_progress = {};
};

struct DataStats {
  struct OfSet {
    std::string name;
    int64_t train = 0, test = 0;
  };
  std::vector<OfSet> sets;
  int64_t looked_at = 0;                                 // documents, in which all below is counted
  std::vector<double> letters, tokens;                   // of each text
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;  // (height, width) -> pictures
  std::vector<std::pair<std::string, int64_t>> grids;    // "4x4" -> pictures that it is nearest to
  std::map<std::string, int64_t> words;                  // in small letters -> how often
};

// A document that cannot be read is an error.
absl::StatusOr<DataStats> CountDocuments(const std::vector<SetToCount>& sets,
                                         const StatsOptions& options);

// The numbers as lines of text.
std::string ToString(const DataStats& stats);

// One page without scripts, which needs no network.
std::string DataStatsPage(const DataStats& stats, const std::string& title);

}  // namespace tessera
