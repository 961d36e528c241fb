#include "distributed/rank_environment.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"

namespace tessera {
namespace {

constexpr int64_t kDefaultPort = 29500;  // torch's
constexpr int64_t kMost = 1 << 20;       // of any number here

// Returns the number that a variable holds, from `least` to kMost.
absl::StatusOr<int64_t> NumberOf(const Environment& environment, const char* name, int64_t least) {
  const char* text = environment(name);
  int64_t number = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &number) || number < least || number > kMost) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the environment variable ", name, " is ", text == nullptr ? "missing" : "'",
        text == nullptr ? "" : text, text == nullptr ? "" : "'", "; a launcher such as torchrun ",
        "sets it to a whole number of at least ", least));
  }
  return number;
}

absl::StatusOr<int64_t> NumberOr(const Environment& environment, const char* name, int64_t least,
                                 int64_t otherwise) {
  if (environment(name) == nullptr) {
    return otherwise;
  }
  return NumberOf(environment, name, least);
}

}  // namespace

absl::StatusOr<std::optional<RankEnvironment>> ReadRankEnvironment(const Environment& environment) {
  const char* host = environment("MASTER_ADDR");
  const bool plain = environment("RANK") != nullptr || environment("WORLD_SIZE") != nullptr;
  const bool slurm = environment("SLURM_PROCID") != nullptr && host != nullptr;
  if (!plain && !slurm) {
    return std::nullopt;
  }
  RankEnvironment found;
  ASSIGN_OR_RETURN(found.rank, NumberOf(environment, plain ? "RANK" : "SLURM_PROCID", 0));
  ASSIGN_OR_RETURN(found.size, NumberOf(environment, plain ? "WORLD_SIZE" : "SLURM_NTASKS", 1));
  if (found.rank >= found.size) {
    return absl::InvalidArgumentError(absl::StrCat("rank ", found.rank, " of ", found.size,
                                                   " processes: ranks are counted from 0"));
  }
  if (found.size > 1 && host == nullptr) {
    return absl::InvalidArgumentError(
        "the environment variable MASTER_ADDR is missing; it names the host of rank 0, where all "
        "ranks meet");
  }
  found.host = host == nullptr ? "" : host;
  ASSIGN_OR_RETURN(found.port, NumberOr(environment, "MASTER_PORT", 1, kDefaultPort));
  ASSIGN_OR_RETURN(found.attempt, NumberOr(environment, "TORCHELASTIC_RESTART_COUNT", 0, 0));
  const char* agent = environment("TORCHELASTIC_USE_AGENT_STORE");
  found.store_is_there = agent != nullptr && std::string(agent) == "True";
  return found;
}

std::vector<char*> WithoutLauncher(char** environment) {
  std::vector<char*> kept;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    if (!variable.starts_with("RANK=") && !variable.starts_with("WORLD_SIZE=") &&
        !variable.starts_with("SLURM_PROCID=")) {
      kept.push_back(*environment);
    }
  }
  kept.push_back(nullptr);
  return kept;
}

}  // namespace tessera
