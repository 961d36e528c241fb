#include "study/run_records.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/json.h"

namespace tessera {
namespace {

// NaN unless it is a number.
double Number(const Json* json) {
  if (json != nullptr) {
    if (const auto* integer = std::get_if<int64_t>(&json->value)) {
      return static_cast<double>(*integer);
    }
    if (const auto* real = std::get_if<double>(&json->value)) {
      return *real;
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> Numbers(const Json* json) {
  std::vector<double> numbers;
  if (const JsonArray* array = json == nullptr ? nullptr : json->AsArray()) {
    for (const Json& item : *array) {
      numbers.push_back(Number(&item));
    }
  }
  return numbers;
}

absl::StatusOr<TrainReport> ParseReport(std::string_view line) {
  ASSIGN_OR_RETURN(const Json json, ParseJson(line));
  const Json* step = json.Find("step");
  if (step == nullptr || !std::holds_alternative<int64_t>(step->value)) {
    return absl::InvalidArgumentError("there is no integer \"step\"");
  }
  TrainReport report;
  report.step = std::get<int64_t>(step->value);
  report.minutes = Number(json.Find("minutes"));
  report.text_loss = Number(json.Find("text_loss"));
  report.image_loss = Number(json.Find("image_loss"));
  report.gradient_norm = Number(json.Find("gradient_norm"));
  report.lr_factor = Number(json.Find("lr_factor"));
  report.tokens_per_second = Number(json.Find("tokens_per_second"));
  report.image_loss_by_level = Numbers(json.Find("image_loss_by_level"));
  report.image_loss_by_patch = Numbers(json.Find("image_loss_by_patch"));
  return report;
}

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
    auto report = ParseReport(std::string_view(text).substr(begin, end - begin));
    if (!report.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ", line ", log.size() + 1, ": ", report.status().message()));
    }
    log.push_back(*std::move(report));
  }
  return log;
}

absl::StatusOr<Metrics> ReadMetrics(const std::string& run, const Files& files) {
  const std::string path = JoinPath(run, "eval.json");
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
  for (const auto& [name, value] : *json->AsObject()) {
    metrics.emplace_back(name, Number(&value));
  }
  return metrics;
}

}  // namespace tessera
