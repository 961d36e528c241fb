// The ranks of a command that several processes carry out together, as their launcher started them,
// and which of them speaks to the user.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "distributed/ranks.h"

namespace tessera {

// Meets the other ranks if a launcher started some (distributed/rank_environment.h). From here on
// notes are those of rank 0, and a rank that gives no sign of life ends the others. Refuses ranks
// of different versions.
absl::StatusOr<Ranks> OpenRanks();

// Refuses a command that is not made for several processes, if it was started as one of them.
absl::Status CheckAlone(const std::string& command);

// Whether this rank is the first to say why the ranks end; the others are silent.
bool IsFirstToTell();

// The sentence, behind the name of this rank if there are others.
std::string WithRank(const std::string& sentence);

// Ends the watch over the other ranks, for main when a command has ended. After one that went well
// all ranks leave together, so that none finds another gone.
void LeaveRanks(bool went_well);

}  // namespace tessera
