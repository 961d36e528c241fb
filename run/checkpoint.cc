#include "run/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "config/status.h"
#include "run/safetensors.h"

namespace tessera {
namespace {

constexpr char kUnfinished[] = ".unfinished-";  // a Save in progress, or the rest of a killed one
constexpr char kDiscarded[] = ".replaced-";  // an older checkpoint of the same step, on its way out
constexpr char kBest[] = "best";             // a file that holds the best one's name

}  // namespace

std::string BytesOf(const CheckpointFile& file) {
  const auto* bytes = std::get_if<std::string>(&file.content);
  return bytes ? *bytes
               : WriteSafetensors(std::get<NamedTensors>(file.content), {{"format", "pt"}});
}

CheckpointFolder::CheckpointFolder(Files files, std::string path, std::string prefix)
    : files_(std::move(files)), path_(std::move(path)), prefix_(std::move(prefix)) {}

std::string CheckpointFolder::NameOf(int64_t step) const {
  return absl::StrFormat("%s%06d", prefix_, step);
}

std::optional<int64_t> CheckpointFolder::StepOf(const std::string& name) const {
  int64_t step = -1;
  const std::string digits = name.starts_with(prefix_) ? name.substr(prefix_.size()) : "";
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  const bool exact = error == std::errc() && step >= 0 && name == NameOf(step);
  return exact ? std::optional(step) : std::nullopt;
}

absl::Status CheckpointFolder::Save(int64_t step,
                                    const std::vector<CheckpointFile>& contents) const {
  const std::string unfinished = JoinPath(path_, kUnfinished + NameOf(step));
  const absl::Status saved = SaveBy(unfinished, NameOf(step), contents);
  if (!saved.ok()) {
    files_.Remove(unfinished).IgnoreError();  // a full disk needs the room; the first error counts
  }
  return saved;
}

absl::Status CheckpointFolder::SaveBy(const std::string& unfinished, const std::string& name,
                                      const std::vector<CheckpointFile>& contents) const {
  RETURN_IF_ERROR(files_.Remove(unfinished));
  RETURN_IF_ERROR(files_.MakeFolder(unfinished));
  for (const CheckpointFile& file : contents) {
    RETURN_IF_ERROR(files_.Write(JoinPath(unfinished, file.name), BytesOf(file)));
  }
  RETURN_IF_ERROR(Discard(name));  // a folder with files in it cannot be renamed over
  return files_.Rename(unfinished, JoinPath(path_, name));
}

// Renamed first: a folder that is half removed must not look whole.
absl::Status CheckpointFolder::Discard(const std::string& name) const {
  ASSIGN_OR_RETURN(const PathKind kind, files_.Kind(JoinPath(path_, name)));
  if (kind == PathKind::kNone) {
    return absl::OkStatus();
  }
  const std::string discarded = JoinPath(path_, kDiscarded + name);
  RETURN_IF_ERROR(files_.Remove(discarded));
  RETURN_IF_ERROR(files_.Rename(JoinPath(path_, name), discarded));
  return files_.Remove(discarded);
}

absl::StatusOr<std::vector<Checkpoint>> CheckpointFolder::List() const {
  std::vector<Checkpoint> checkpoints;
  ASSIGN_OR_RETURN(const PathKind kind, files_.Kind(path_));
  if (kind == PathKind::kNone) {
    return checkpoints;
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(path_));
  for (const std::string& name : names) {
    if (const std::optional<int64_t> step = StepOf(name)) {
      checkpoints.push_back({*step, JoinPath(path_, name)});
    }
  }
  std::ranges::sort(checkpoints, {}, &Checkpoint::step);
  return checkpoints;
}

absl::StatusOr<Checkpoint> CheckpointFolder::Latest() const {
  ASSIGN_OR_RETURN(const std::vector<Checkpoint> checkpoints, List());
  if (checkpoints.empty()) {
    return absl::NotFoundError(absl::StrCat(path_, " holds no checkpoint; train first"));
  }
  return checkpoints.back();
}

absl::StatusOr<Checkpoint> CheckpointFolder::Best() const {
  const absl::StatusOr<std::string> name = files_.Read(JoinPath(path_, kBest));
  if (!name.ok()) {
    return absl::IsNotFound(name.status()) ? Latest() : name.status();
  }
  ASSIGN_OR_RETURN(const std::vector<Checkpoint> checkpoints, List());
  for (const Checkpoint& checkpoint : checkpoints) {
    if (NameOf(checkpoint.step) == *name) {
      return checkpoint;
    }
  }
  return Latest();
}

absl::Status CheckpointFolder::MarkBest(int64_t step) const {
  return files_.Write(JoinPath(path_, kBest), NameOf(step));
}

absl::Status CheckpointFolder::Prune(int64_t keep) const {
  ASSIGN_OR_RETURN(const std::vector<Checkpoint> checkpoints, List());
  if (checkpoints.empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Checkpoint best, Best());
  for (int64_t i = 0; i + keep < std::ssize(checkpoints); ++i) {
    if (checkpoints[i].step != best.step) {
      RETURN_IF_ERROR(Discard(NameOf(checkpoints[i].step)));
    }
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(path_));
  for (const std::string& name : names) {
    if (name.starts_with(kUnfinished) || name.starts_with(kDiscarded)) {
      RETURN_IF_ERROR(files_.Remove(JoinPath(path_, name)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<NamedTensors> ReadTensors(const Files& files, const std::string& path) {
  ASSIGN_OR_RETURN(const FileBytes file, files.Map(path));
  return ParseSafetensors(file.bytes, path, file.owner);
}

absl::Status LoadTensors(const Files& files, const std::string& path, const NamedTensors& into) {
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files, path));
  return CopyByName(tensors, path, into);
}

}  // namespace tessera
