// The processes that make the steps of one run together, each called a rank, and what they tell
// each other. All ranks call the same functions in the same order; a program that was started alone
// is the only rank, for which each of them is trivial.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "distributed/rank_environment.h"

namespace tessera {

using torch::Tensor;

// Another rank has ended, or cannot be reached: the work cannot go on, here or there.
class RankLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct ProcessGroups;  // distributed/process_groups.h: the connections

class Ranks {
 public:
  Ranks() = default;  // the only one
  explicit Ranks(std::shared_ptr<ProcessGroups> groups);

  // Meets the other ranks. Fails if they do not come in time, or if this build has no Gloo.
  static absl::StatusOr<Ranks> Meet(const RankEnvironment& environment);

  int64_t rank() const;
  int64_t size() const;
  bool alone() const { return groups_ == nullptr; }
  bool writes() const { return rank() == 0; }  // the files of a run, and what its user reads

  // Whether torchrun has started the ranks anew after one of them failed.
  bool started_again() const;

  // "rank 3 on HOST"; empty for the only rank.
  std::string Name() const;

  // A tensor of the same shape on each rank -> [ranks, ...]. Throws RankLost.
  Tensor GatherAlike(const Tensor& tensor) const;

  // The tensor of one rank; the others give one of its shape and type. Throws RankLost.
  Tensor From(int64_t rank, const Tensor& tensor) const;

  // Rows [M, ...] of each rank, M differing -> all rows, in the order of ranks. Throws RankLost.
  Tensor Gather(const Tensor& rows) const;

  // A text of each rank, in the order of ranks. Throws RankLost.
  std::vector<std::string> Gather(const std::string& text) const;

  // OK if all ranks say so; else every rank gets the error of the first that failed, behind the
  // name of that rank unless all failed alike. Throws RankLost.
  absl::Status Agree(const absl::Status& mine) const;

  // Whether this rank is the first to ask so by that name. True as well if that cannot be found
  // out.
  bool IsFirst(const std::string& name) const;

  // Watches for ranks whose connections do not break though they are gone
  // (distributed/heartbeat.h).
  void WatchOthers(std::function<void(int64_t lost)> on_lost) const;
  void WatchNobody() const;

  // The part of `count` things that is this rank's: [first, last), in the order of ranks. Rank 0
  // has one if there are any.
  struct Share {
    int64_t first, last;
  };
  Share ShareOf(int64_t count) const;

  const std::shared_ptr<ProcessGroups>& groups() const { return groups_; }

 private:
  std::shared_ptr<ProcessGroups> groups_;  // null: the only rank
};

}  // namespace tessera
