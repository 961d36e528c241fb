// What a run folder tells about its training: log.jsonl, and the eval.json that `tessera eval RUN`
// puts beside it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "files/files.h"
#include "files/json.h"
#include "train/step_log.h"

namespace tessera {

using Metrics = std::vector<std::pair<std::string, double>>;

inline constexpr char kEval[] = "eval.json";  // in a run folder

// Empty if the file is not there. A last line that a cut run left unfinished is passed over. A null
// in a list is NaN.
absl::StatusOr<std::vector<TrainReport>> ReadLog(const std::string& run, const Files& files);

// One JSON object of numbers, in its order. Empty if the file is not there.
absl::StatusOr<Metrics> ReadMetrics(const std::string& run, const Files& files,
                                    std::string_view name = kEval);

// What ReadMetrics reads.
JsonObject ObjectOf(const Metrics& metrics);
absl::Status WriteMetrics(const std::string& path, const Metrics& metrics, const Files& files);

// NaN if it was not measured.
double ValueOf(const Metrics& metrics, std::string_view name);

}  // namespace tessera
