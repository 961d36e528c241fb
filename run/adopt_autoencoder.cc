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
  return LoadTensors(files, JoinPath(FindCheckpoint(path, files), kAverage), into);
}

absl::Status CheckReadsAndWrites(const std::string& path, const Run& run) {
  return run.model == nullptr
             ? absl::FailedPreconditionError(absl::StrCat(
                   "'", path,
                   "' is an autoencoder of patches, which neither reads texts nor draws;",
                   " train a model on its codes with model.autoencoder.path=", path))
             : absl::OkStatus();
}

absl::Status CheckDraws(const std::string& path, const Run& run) {
  RETURN_IF_ERROR(CheckReadsAndWrites(path, run));
  return run.config.model.generates_images()
             ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(
                   "'", path, "' reads pictures and draws none, because of its ",
                   run.config.model.arrangement.generates_images() ? "model.input.kind = resampler"
                                                                   : "model.mask = block-diagonal",
                   "; ask it for a text behind a picture"));
}

absl::Status CheckHeadFollowsSlots(const std::string& path, const Run& run) {
  RETURN_IF_ERROR(CheckReadsAndWrites(path, run));
  const ObjectiveKind objective = run.config.model.arrangement.objective;
  return objective == ObjectiveKind::kHead
             ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(
                   "'", path,
                   "' was trained with model.objective = ", std::string(EnumName(objective)),
                   "; this command looks at hidden states that predict the next patch, which only ",
                   "objective head has"));
}

}  // namespace tessera
