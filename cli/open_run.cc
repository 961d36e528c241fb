#include "cli/open_run.h"

#include "absl/strings/strip.h"
#include "config/status.h"
#include "run/amed_file.h"

namespace tessera {

absl::Status SetError(absl::Status status) {
  constexpr char kPrefix[] = "--set: ";
  return status.ok()
             ? status
             : absl::Status(status.code(),
                            absl::StrCat(kPrefix, absl::StripPrefix(status.message(), kPrefix)));
}

absl::StatusOr<OpenedRun> OpenRun(const RunRequest& request) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(Run run, LoadRun(request.path, *files, request.device));
  for (const Requirement& check : request.needs) {
    RETURN_IF_ERROR(check(request.path, run));
  }
  if (!request.overrides.empty()) {
    RETURN_IF_ERROR(CheckHasModel(request.path, run));
    RETURN_IF_ERROR(ApplyOverrides(request.overrides, &run.config.generate));
    if (const std::string problem = run.config.Problem(); !problem.empty()) {
      return SetError(absl::FailedPreconditionError(problem));
    }
  }
  RETURN_IF_ERROR(LoadAmed(request.path, *files, &run));
  return OpenedRun{std::move(run), files};
}

}  // namespace tessera
