// What a launcher says of the processes of a run, in environment variables: torchrun's, the same
// plain ones set by hand, or SLURM's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

struct RankEnvironment {
  int64_t rank = 0;
  int64_t size = 1;
  std::string host;  // where the store is that all ranks meet at
  int64_t port = 0;
  bool store_is_there = false;  // torchrun's agent keeps it; otherwise rank 0 does
  int64_t attempt = 0;          // how often torchrun has started the ranks anew
};

// Returns the value of a variable, or null.
using Environment = std::function<const char*(const char*)>;

// Reads RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, or SLURM_PROCID and SLURM_NTASKS where
// MASTER_ADDR is set. Nothing if no launcher started this process. A variable that is missing
// beside others, or is no number in its range, is an error.
absl::StatusOr<std::optional<RankEnvironment>> ReadRankEnvironment(const Environment& environment);

// The variables of an environment ("NAME=value", then null) but for those that would make a process
// started with it a rank.
std::vector<char*> WithoutLauncher(char** environment);

}  // namespace tessera
