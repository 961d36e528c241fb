#include "cli/open_run.h"

#include <ATen/Functions.h>

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

namespace {

absl::Status CheckFinite(const Run& run) {
  for (const auto& [name, tensor] : Parameters(*run.learner)) {
    if (!at::isfinite(tensor).all().item<bool>()) {
      return absl::DataLossError(
          absl::StrCat("'", run.checkpoint, "' cannot be used: ", name,
                       " is not finite, as tessera inspect shows; take another checkpoint"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckNoRun(const std::string& out, const Files& files) {
  return absl::IsNotFound(CheckpointsOf(out, files).Latest().status())
             ? absl::OkStatus()
             : absl::AlreadyExistsError(
                   absl::StrCat("'", out, "' holds a run already; name another --out"));
}

absl::Status SaveNewRun(const Run& run, const std::string& out, const Files& files) {
  const std::vector<CheckpointFile> contents = PlainFiles(run);
  RETURN_IF_ERROR(CheckpointsOf(out, files).Save(0, contents));
  for (const CheckpointFile& file : contents) {
    if (file.name == "config.toml") {
      RETURN_IF_ERROR(files.Write(JoinPath(out, file.name), BytesOf(file)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<OpenedRun> OpenRun(const RunRequest& request) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(Run run, LoadRun(request.path, *files, request.device));
  if (request.finite) {
    RETURN_IF_ERROR(CheckFinite(run));
  }
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
