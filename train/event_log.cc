#include "train/event_log.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "config/status.h"
#include "config/toml.h"
#include "files/event_file.h"
#include "files/json.h"

namespace tessera {
namespace {

constexpr char kSheets[] = "samples";

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// A google.protobuf.Value of a TOML value.
WireWriter HyperValue(const FieldInfo& field) {
  double number = 0;
  if (field.value == "true" || field.value == "false") {
    return WireWriter().Whole(4, field.value == "true" ? 1 : 0);
  }
  return absl::SimpleAtod(field.value, &number)
             ? WireWriter().Double(2, number)
             : WireWriter().Bytes(3, absl::StrReplaceAll(field.value, {{"\"", ""}}));
}

// The message HParamsPluginData with the start of a session, which holds the hyper-parameters.
WireWriter HyperParameters(const RunConfig& config, double time) {
  WireWriter start;
  for (const FieldInfo& field : ListFields(config)) {
    if (field.active && !field.type.empty()) {
      start.Message(1, WireWriter().Bytes(1, field.path).Message(2, HyperValue(field)));
    }
  }
  start.Double(5, time);
  return WireWriter().Whole(1, 0).Message(3, start);
}

// Markdown shows lines that begin with four spaces as they are.
std::string AsCode(const std::string& text) {
  return absl::StrCat("    ", absl::StrReplaceAll(text, {{"\n", "\n    "}}));
}

std::string FirstRecords(const RunConfig& config) {
  const double time = Now();
  return VersionRecord(time) + EventRecord(time, 0,
                                           {TextValue("config", AsCode(ToToml(config))),
                                            PluginValue("_hparams_/session_start_info", "hparams",
                                                        HyperParameters(config, time))});
}

// The width of a bin of a list: a level is a share of 1, any other place in a list is a number.
double BinWidth(const std::string& key, size_t bins) {
  return key.ends_with("_by_level") ? 1 / static_cast<double>(bins) : 1;
}

WireWriter ListValue(const std::string& key, const JsonArray& list) {
  const double width = BinWidth(key, list.size());
  std::vector<double> ends, heights;
  for (const Json& number : list) {
    const double value = number.AsNumber();
    heights.push_back(std::isfinite(value) ? std::max(value, 0.) : 0);
    ends.push_back(width * static_cast<double>(heights.size()));
  }
  return HistogramValue(key, ends, heights);
}

}  // namespace

absl::StatusOr<EventLog> EventLog::Open(const std::string& run, int64_t step,
                                        const RunConfig& config, const Files& files) {
  EventLog log(JoinPath(run, "log.tfevents"));
  const auto stored = files.Read(log.path_);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  const std::string file = stored.value_or("");
  std::string kept;
  for (const StoredEvent& event : ReadEvents(file)) {
    if (event.step <= step) {
      kept += event.record;
      log.last_sheet_ = std::ranges::count(event.tags, kSheets) > 0 ? event.step : log.last_sheet_;
    }
  }
  RETURN_IF_ERROR(files.Write(log.path_, kept.empty() ? FirstRecords(config) : kept));
  return log;
}

absl::Status EventLog::Add(const TrainReport& report, const Files& files) {
  ASSIGN_OR_RETURN(const Json line, ParseJson(ToJsonLine(report)));
  std::vector<WireWriter> values;
  for (const auto& [key, value] : *line.AsObject()) {
    const JsonArray* list = value.AsArray();
    if (const JsonObject* sets = value.AsObject()) {
      for (const auto& [name, loss] : *sets) {
        const std::string_view of = std::string_view(key).substr(0, key.rfind("_by_set"));
        values.push_back(ScalarValue(absl::StrCat(std::string(of), "/", name), loss.AsNumber()));
      }
      continue;
    }
    if (list == nullptr && key != "step") {
      values.push_back(ScalarValue(key, value.AsNumber()));
    } else if (list != nullptr && !list->empty()) {
      values.push_back(ListValue(key, *list));
    }
  }
  return files.Append(path_, EventRecord(Now(), report.step, values));
}

absl::Status EventLog::AddSheet(int64_t step, std::string_view png, const Files& files) {
  if (step <= last_sheet_) {
    return absl::OkStatus();
  }
  last_sheet_ = step;
  return files.Append(path_, EventRecord(Now(), step, {PngValue(kSheets, png)}));
}

}  // namespace tessera
