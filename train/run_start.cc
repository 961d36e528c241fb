#include "train/run_start.h"

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "run/adopt_autoencoder.h"
#include "run/make_tokenizer.h"
#include "train/train_state.h"

namespace tessera {

absl::StatusOr<Tokenizer> TokenizerOf(const RunConfig& config, const std::string& kept_in,
                                      const Dataset& dataset, const Files& files) {
  if (kept_in.empty()) {
    return MakeTokenizer(config.tokenizer, dataset, files);
  }
  return ReadTokenizer(TokenizerIn(kept_in, files), files);
}

absl::StatusOr<std::optional<FolderLock>> LockBegun(const std::string& out, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(out));
  if (kind == PathKind::kFile) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", out, "' is a file; a run needs a folder: name another --out"));
  }
  ASSIGN_OR_RETURN(const PathKind lock, files.Kind(JoinPath(out, "lock")));
  if (lock == PathKind::kNone) {
    return std::nullopt;
  }
  return LockFolder(out);
}

absl::Status CheckStart(const RunConfig& config, const RunFolders& folders,
                        const absl::StatusOr<Checkpoint>& last, const Files& files) {
  if (!last.ok()) {
    return absl::IsNotFound(last.status()) ? absl::OkStatus() : last.status();
  }
  if (!folders.resume) {
    return absl::AlreadyExistsError(
        absl::StrCat("'", folders.out,
                     "' holds a run already; continue it with --resume, or name another --out"));
  }
  return CheckSameRun(last->path, config, files);
}

absl::Status TakeFirstWeights(const std::string& base, bool resumed, const Files& files, Run* run) {
  if (!base.empty()) {
    return BeginFrom(base, files, run);
  }
  return resumed ? absl::OkStatus() : LoadAutoencoder(files, run);
}

}  // namespace tessera
