// Sets that are given in several files, shards: how they are named, and those of WebDataset.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/config.h"
#include "data/source.h"
#include "files/files.h"

namespace tessera {

struct Shards {
  std::string folder;                 // that holds them all; empty: the working folder
  std::vector<std::string> names;     // in the folder, sorted
  std::vector<Unlisted> others = {};  // what stands beside them
};

// "a-{00..02}.tar" -> a-00.tar, a-01.tar, a-02.tar; "{a,b}.tar" -> a.tar, b.tar; "a.tar::b.tar" ->
// both. Numbers have as many digits as the longer of the two if one of them begins with 0.
absl::StatusOr<std::vector<std::string>> ExpandBraces(const std::string& path);

// Says whether the path names several files.
bool IsPattern(const std::string& path);

// The files that the path names, or that end in one of the endings in the folder that it names.
absl::StatusOr<Shards> FindShards(const std::string& path, const std::vector<std::string>& endings,
                                  const Files& files);

// All shards of data.path, tars, as one source, whose names begin with those of the shards.
absl::StatusOr<std::unique_ptr<Source>> OpenTarShards(const DataConfig& config,
                                                      const std::shared_ptr<const Files>& files,
                                                      BadData& bad);

}  // namespace tessera
