// run.json of a run folder: by which program, on which machine and when the run was trained.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "files/files.h"
#include "files/json.h"

namespace tessera {

// One training of a run, from its start to its end. A killed one has no end.
class RunRecord {
 public:
  // Adds to the file an entry that begins now at a step, behind those of earlier trainings.
  static absl::StatusOr<RunRecord> Begin(const std::string& run,
                                         const std::vector<std::string>& command, int64_t step,
                                         const Files& files);

  // Completes the entry. result is a word or a sentence.
  absl::Status End(int64_t step, const std::string& result, const Files& files);

 private:
  RunRecord(std::string path, JsonArray trainings)
      : path_(std::move(path)), trainings_(std::move(trainings)) {}
  absl::Status Write(const Files& files) const;

  std::string path_;
  JsonArray trainings_;  // the last is this one
};

}  // namespace tessera
