#include "run/adopt_autoencoder.h"

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"

namespace tessera {
namespace {

absl::Status CheckSame(const AutoencoderConfig& ours, const AutoencoderConfig& theirs,
                       const std::string& path) {
  const std::vector<FieldInfo> have = ListFields(ours), need = ListFields(theirs);
  for (size_t i = 0; i < have.size(); ++i) {
    if (have[i].path != "path" && have[i].active && have[i].value != need[i].value) {
      return absl::FailedPreconditionError(
          absl::StrCat("model.autoencoder.", have[i].path, " is ", have[i].value,
                       " in this recipe, but ", need[i].value, " in '", path,
                       "', whose autoencoder it takes; of that section a recipe needs path alone"));
    }
  }
  return absl::OkStatus();
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

}  // namespace tessera
