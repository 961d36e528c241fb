// A study that several processes carry out: each trains and measures runs of its own, and all learn
// what became of every run.
#pragma once

#include "analysis/ablation/study_runs.h"
#include "distributed/ranks.h"

namespace tessera {

// The outcomes of a whole study, each from the rank whose run it was (StudyHooks.ranks). Throws
// RankLost.
StudyOutcomes JoinOutcomes(const StudyOutcomes& mine, const Ranks& ranks);

}  // namespace tessera
