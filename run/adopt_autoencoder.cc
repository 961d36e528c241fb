#include "run/adopt_autoencoder.h"

#include "absl/strings/str_cat.h"
#include "config/difference.h"
#include "config/status.h"

namespace tessera {
namespace {

absl::Status CheckSame(const AutoencoderConfig& ours, const AutoencoderConfig& theirs,
                       const std::string& path) {
  const std::vector<Difference> differences =
      Differences(theirs, ours, [](const std::string& key) { return key != "path"; });
  if (differences.empty()) {
    return absl::OkStatus();
  }
  const auto& [key, need, have] = differences.front();
  return absl::FailedPreconditionError(absl::StrCat(
      "model.autoencoder.", key, " is ", have, " in this recipe, but ", need, " in '", path,
      "', whose autoencoder it takes; a recipe needs path alone of that section"));
}

}  // namespace

absl::Status AdoptAutoencoder(const std::string& out, const Files& files, RunConfig* config) {
  AutoencoderConfig& ours = config->model.autoencoder;
  if (ours.path.empty()) {
    return absl::OkStatus();
  }
  const bool begun = CheckpointsOf(out, files).Latest().ok();
  ASSIGN_OR_RETURN(RunConfig theirs, ReadConfig(begun ? out : ours.path, files));
  AutoencoderConfig& taken = theirs.model.autoencoder;
  if (!begun && !taken.trained()) {
    return absl::FailedPreconditionError(
        absl::StrCat("model.autoencoder.path: '", ours.path,
                     "' trains no autoencoder; name a run of a recipe "
                     "with model.autoencoder.kind, such as recipes/tokens_fsq.toml"));
  }
  if (!taken.quantises()) {
    return absl::FailedPreconditionError(absl::StrCat("model.autoencoder.path: '", ours.path,
                                                      "' is ", std::string(EnumName(taken.kind)),
                                                      " and has no codes; train fsq or vq"));
  }
  if (theirs.model.patch != config->model.patch) {
    return absl::FailedPreconditionError(
        absl::StrCat("model.patch is ", config->model.patch, ", but the autoencoder of '",
                     ours.path, "' was trained on patches of ", theirs.model.patch));
  }
  if (ours.kind != AutoencoderKind::kNone) {
    RETURN_IF_ERROR(CheckSame(ours, taken, ours.path));
  }
  taken.path = ours.path;
  ours = taken;
  return absl::OkStatus();
}

absl::Status LoadAutoencoder(const Files& files, Run* run) {
  const std::string& path = run->config.model.autoencoder.path;
  if (path.empty()) {
    return absl::OkStatus();
  }
  constexpr std::string_view kPrefix = "autoencoder.";
  NamedTensors into;
  for (const auto& named : Parameters(*run->learner)) {
    if (named.first.starts_with(kPrefix)) {
      into.push_back(named);
    }
  }
  ASSIGN_OR_RETURN(const std::string checkpoint, FindCheckpoint(path, files));
  return LoadTensors(files, JoinPath(checkpoint, kAverage), into);
}

}  // namespace tessera
