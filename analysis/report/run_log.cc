#include "analysis/report/run_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "files/json.h"

namespace tessera {
namespace {

// Empty if there is no such file.
absl::StatusOr<std::string> ReadIfThere(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(path));
  return kind == PathKind::kNone ? absl::StatusOr<std::string>("") : files.Read(path);
}

}  // namespace

absl::StatusOr<std::vector<TrainReport>> ReadLog(const std::string& run, const Files& files) {
  const std::string path = JoinPath(run, "log.jsonl");
  ASSIGN_OR_RETURN(const std::string text, ReadIfThere(path, files));
  std::vector<TrainReport> log;
  for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    auto report = ParseJsonLine(std::string_view(text).substr(begin, end - begin));
    if (!report.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ", line ", log.size() + 1, ": ", report.status().message()));
    }
    log.push_back(*std::move(report));
  }
  return log;
}

absl::StatusOr<Metrics> ReadMetrics(const std::string& run, const Files& files,
                                    std::string_view name) {
  const std::string path = JoinPath(run, name);
  ASSIGN_OR_RETURN(const std::string text, ReadIfThere(path, files));
  if (text.empty()) {
    return Metrics();
  }
  const auto json = ParseJson(text);
  if (!json.ok() || json->AsObject() == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", json.ok() ? "this is no JSON object" : json.status().message(),
                     "; write it with `tessera eval ", run, " --json > ", path, "`"));
  }
  Metrics metrics;
  for (const auto& [key, value] : *json->AsObject()) {
    metrics.emplace_back(key, value.AsNumber());
  }
  return metrics;
}

JsonObject ObjectOf(const Metrics& metrics) {
  JsonObject object;
  for (const auto& [name, value] : metrics) {
    object.emplace_back(name, Json{value});
  }
  return object;
}

absl::Status WriteMetrics(const std::string& path, const Metrics& metrics, const Files& files) {
  return files.Write(path, DumpJson({ObjectOf(metrics)}, /*indented=*/true) + "\n");
}

double ValueOf(const Metrics& metrics, std::string_view name) {
  const auto found = std::ranges::find(metrics, name, &Metrics::value_type::first);
  return found == metrics.end() ? kNotMeasured : found->second;
}

}  // namespace tessera
