#include "run/base_run.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"
#include "config/difference.h"
#include "config/status.h"
#include "config/toml.h"
#include "files/json.h"

namespace tessera {
namespace {

constexpr char kFolder[] = "base";

// The keys that a base decides for the runs that begin from it.
bool BelongsToBase(const std::string& key) {
  return key.starts_with("model.") || key.starts_with("tokenizer.");
}

absl::Status CheckSameModel(const std::string& from, const RunConfig& base,
                            const RunConfig& config) {
  const std::vector<Difference> differences = Differences(base, config, BelongsToBase);
  if (differences.empty()) {
    return absl::OkStatus();
  }
  const auto& [path, theirs, ours] = differences.front();
  return absl::FailedPreconditionError(
      absl::StrCat(path, " is ", ours, " in this recipe, but ", theirs, " in '", from,
                   "', from which it begins; remove the key: model and tokenizer are that run's"));
}

// A run that has begun keeps its base.
absl::Status CheckKept(const RunFolders& folders, const NamedTensors& weights, const Files& files) {
  const auto kept = ReadTensors(files, JoinPath(JoinPath(folders.out, kFolder), kAverage));
  const bool begun = CheckpointsOf(folders.out, files).Latest().ok();
  if (absl::IsNotFound(kept.status()) ? !begun : kept.ok() && AreEqual(*kept, weights)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("'", folders.out, "' did not begin from '", folders.from,
                   "' as that run is now; resume without --from, or train into another --out"));
}

}  // namespace

absl::Status AdoptModel(const std::string& from, const Files& files, RunConfig* config) {
  ASSIGN_OR_RETURN(const RunConfig base, ReadConfig(from, files));
  config->model = base.model;
  config->tokenizer = base.tokenizer;
  return absl::OkStatus();
}

absl::Status KeepBase(const RunConfig& config, const RunFolders& folders, const Files& files) {
  const std::string folder = JoinPath(folders.out, kFolder);
  if (folders.from.empty()) {
    if (!folders.resume) {
      RETURN_IF_ERROR(files.Remove(folder));
    }
    ASSIGN_OR_RETURN(const std::string base, BaseOf(folders.out, files));
    const bool adapts = config.train.adapter.kind != AdapterKind::kNone;
    return !adapts || !base.empty()
               ? absl::OkStatus()
               : absl::FailedPreconditionError(
                     "train.adapter: there is no trained run to adapt; name one with --from, or "
                     "set train.adapter.kind=none");
  }
  ASSIGN_OR_RETURN(const Run from, LoadRun(folders.from, files));
  RETURN_IF_ERROR(CheckSameModel(folders.from, from.config, config));
  if (folders.resume) {
    RETURN_IF_ERROR(CheckKept(folders, Parameters(*from.learner), files));
    ASSIGN_OR_RETURN(const std::string kept, BaseOf(folders.out, files));
    if (!kept.empty()) {
      return absl::OkStatus();
    }
  }
  RETURN_IF_ERROR(files.Remove(folder));
  RETURN_IF_ERROR(files.MakeFolder(folder));
  for (const CheckpointFile& file : PlainFiles(from)) {  // config.toml last: then all is there
    RETURN_IF_ERROR(files.Write(JoinPath(folder, file.name), BytesOf(file)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> BaseOf(const std::string& run, const Files& files) {
  const std::string folder = JoinPath(run, kFolder);
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(JoinPath(folder, "config.toml")));
  return kind == PathKind::kNone ? "" : folder;
}

absl::Status BeginFrom(const std::string& base, const Files& files, Run* run) {
  const NamedTensors parameters = Parameters(*run->learner);
  RETURN_IF_ERROR(LoadTensors(files, JoinPath(base, kAverage), parameters));
  const AdapterConfig& config = run->config.train.adapter;
  if (config.kind != AdapterKind::kNone) {
    ASSIGN_OR_RETURN(run->adapters, Adapters::Attach(parameters, RolesOf(*run->learner), config,
                                                     run->config.seed));
  }
  return absl::OkStatus();
}

}  // namespace tessera
