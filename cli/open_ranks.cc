#include "cli/open_ranks.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/streams.h"
#include "config/status.h"
#include "run/version.h"

namespace tessera {
namespace {

Ranks& Opened() {
  static Ranks ranks;
  return ranks;
}

// Called by a thread while the others wait, perhaps for ever.
void EndWithout(int64_t lost) {
  if (IsFirstToTell()) {
    ShowError(WithRank(absl::StrCat("rank ", lost,
                                    " gives no sign of life: its process is stopped, or its host "
                                    "is gone; start all ranks again")));
  }
  _exit(kMissedOrFault);
}

absl::Status CheckVersions(const Ranks& ranks) {
  const std::vector<std::string> versions = ranks.Gather(VersionText());
  const std::vector<std::string> names = ranks.Gather(ranks.Name());
  const auto other =
      std::ranges::find_if(versions, [&](const std::string& its) { return its != versions[0]; });
  return other == versions.end()
             ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(
                   names[other - versions.begin()], " runs ", *other, ", and ", names[0], " runs ",
                   versions[0], "; all ranks need the same program"));
}

}  // namespace

absl::StatusOr<Ranks> OpenRanks() {
  ASSIGN_OR_RETURN(const auto environment, ReadRankEnvironment(std::getenv));
  if (environment) {
    ASSIGN_OR_RETURN(Opened(), Ranks::Meet(*environment));
    quiet = quiet || !Opened().writes();
    Opened().WatchOthers(EndWithout);
    RETURN_IF_ERROR(CheckVersions(Opened()));
  }
  return Opened();
}

absl::Status CheckAlone(const std::string& command) {
  ASSIGN_OR_RETURN(const auto environment, ReadRankEnvironment(std::getenv));
  return !environment || environment->size == 1
             ? absl::OkStatus()
             : absl::FailedPreconditionError(
                   absl::StrCat("tessera ", command, " works in one process, and a launcher has ",
                                "started ", environment->size, "; start it alone"));
}

bool IsFirstToTell() { return Opened().IsFirst("told"); }

std::string WithRank(const std::string& sentence) {
  const std::string name = Opened().Name();
  return name.empty() || sentence.starts_with("rank ") ? sentence
                                                       : absl::StrCat(name, ": ", sentence);
}

void LeaveRanks(bool went_well) {
  if (!Opened().alone() && went_well) {
    (void)Opened().Agree(absl::OkStatus());
  }
  Opened().WatchNobody();
}

}  // namespace tessera
