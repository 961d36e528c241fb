// The minutes of a run, over all resumptions. What is decided by them is decided by the clock of
// rank 0, as it stood at the end of the last step, so that all ranks end at the same step.
#pragma once

#include <chrono>

#include "distributed/ranks.h"

namespace tessera {

class RunClock {
 public:
  explicit RunClock(const Ranks& ranks) : ranks_(ranks) {}

  // Goes on from the minutes of an earlier part of the run.
  void Start(double earlier);

  double Now() const;                          // by the clock of this rank
  void Take();                                 // rank 0's, for all; throws RankLost
  double minutes() const { return minutes_; }  // as last taken

 private:
  const Ranks& ranks_;
  double earlier_ = 0, minutes_ = 0;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace tessera
