// The checkpoints of a run: folders such as step-000500 that appear by rename, so one that is there
// is whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "files/files.h"
#include "run/named_tensors.h"

namespace tessera {

// One file of a checkpoint: bytes as they are, or tensors as safetensors.
struct CheckpointFile {
  std::string name;
  std::variant<std::string, NamedTensors> content;
};

std::string BytesOf(const CheckpointFile& file);

struct Checkpoint {
  int64_t step = 0;
  std::string path;
};

class CheckpointFolder {
 public:
  // The path need not exist until something is saved. Folders are named by the prefix and the step.
  CheckpointFolder(Files files, std::string path, std::string prefix = "step-");

  // Replaces a checkpoint of the same step. A failure leaves nothing of the new one behind.
  absl::Status Save(int64_t step, const std::vector<CheckpointFile>& contents) const;

  // By step, the latest last; empty if there is no folder.
  absl::StatusOr<std::vector<Checkpoint>> List() const;

  absl::StatusOr<Checkpoint> Latest() const;  // NotFound if there is none
  absl::StatusOr<Checkpoint> Best() const;    // the one last marked; else the latest

  absl::Status MarkBest(int64_t step) const;

  // Removes all but the last `keep` and the best, and what a killed Save left.
  absl::Status Prune(int64_t keep) const;

 private:
  std::string NameOf(int64_t step) const;
  std::optional<int64_t> StepOf(const std::string& name) const;
  absl::Status SaveBy(const std::string& unfinished, const std::string& name,
                      const std::vector<CheckpointFile>& contents) const;
  absl::Status Discard(const std::string& name) const;

  Files files_;
  std::string path_;
  std::string prefix_;
};

// A file of safetensors inside a checkpoint, or anywhere. Its numbers are read when they are looked
// at.
absl::StatusOr<NamedTensors> ReadTensors(const Files& files, const std::string& path);

// Reads a file of safetensors into tensors, whose names and shapes must be the file's.
absl::Status LoadTensors(const Files& files, const std::string& path, const NamedTensors& into);

}  // namespace tessera
