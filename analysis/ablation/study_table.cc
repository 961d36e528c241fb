#include "analysis/ablation/study_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "analysis/page/axis.h"
#include "files/json.h"

namespace tessera {
namespace {

constexpr const char* kUsual[] = {
    "text_nats",           "bits_per_subpixel",       "scene_accuracy",
    "caption_accuracy",    "held_out_scene_accuracy", "instruction_accuracy",
    "difference_accuracy", "class_recognised",        "training_retrieval"};
constexpr const char* kCosts[] = {"parameters",       "training_step_gflop", "picture_gflop",
                                  "training_seconds", "seconds_per_picture", "peak_memory_mb"};

// What a readout is called in these metrics, and a sign of what its number is worth.
struct Named {
  std::string name;
  const char* sign = "";
};

Named NameIn(const Metrics& metrics, const std::string& readout) {
  for (const auto& [ending, sign] : {std::pair("", ""), {"_exact", ""}, {"_bound", "≤ "}}) {
    const std::string name = readout + ending;
    if (!std::isnan(ValueOf(metrics, name))) {
      return {name, sign};
    }
  }
  return {readout};
}

// The deviation in two digits, the mean down to the same place.
std::string MeanAndDeviation(const Spread& spread) {
  const int decimals =
      std::clamp(1 - static_cast<int>(std::floor(std::log10(spread.deviation))), 0, 7);
  return absl::StrFormat("%.*f ± %.*f", decimals, spread.mean, decimals, spread.deviation);
}

std::string Cell(const StudyResult& result, const std::string& arm, const std::string& readout) {
  const Spread spread = ReadoutOf(result, arm, readout);
  if (spread.count == 0) {
    return "-";
  }
  const Metrics& metrics = FinishedRuns(result, arm).front()->metrics;
  return NameIn(metrics, readout).sign +
         (spread.deviation > 0 ? MeanAndDeviation(spread) : TickText(spread.mean));
}

// The width of UTF-8 text on a screen, in characters.
size_t WidthOf(const std::string& text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

Json SpreadJson(const Spread& spread) {
  return {JsonObject{{"n", {spread.count}}, {"mean", {spread.mean}}, {"sd", {spread.deviation}}}};
}

Json ArmJson(const StudyResult& result, const Choice& arm) {
  JsonArray settings;
  for (const std::string& setting : arm.settings) {
    settings.push_back({setting});
  }
  JsonObject measures;
  for (const std::string& name : MeasureNames(result)) {
    if (const Spread spread = ReadoutOf(result, arm.name, name); spread.count > 0) {
      measures.emplace_back(name, SpreadJson(spread));
    }
  }
  return {JsonObject{{"name", {arm.name}},
                     {"settings", {std::move(settings)}},
                     {"measures", {std::move(measures)}}}};
}

Json RunJson(const PlannedRun& run, const RunOutcome& outcome) {
  return {JsonObject{{"arm", {run.arm}},
                     {"seed", {run.seed}},
                     {"status", {std::string(EnumName(outcome.status))}},
                     {"reason", {outcome.reason}},
                     {"measures", {ObjectOf(outcome.metrics)}}}};
}

// RFC 4180.
std::string Quoted(const std::string& text) {
  return text.find_first_of(",\"\n") == std::string::npos
             ? text
             : absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace

Spread SpreadOf(const std::vector<double>& values) {
  double sum = 0, square = 0;
  Spread spread;
  for (const double value : values) {
    spread.count += std::isnan(value) ? 0 : 1;
    sum += std::isnan(value) ? 0 : value;
  }
  const auto count = static_cast<double>(spread.count);
  spread.mean = spread.count > 0 ? sum / count : kNotMeasured;
  for (const double value : values) {
    square += std::isnan(value) ? 0 : (value - spread.mean) * (value - spread.mean);
  }
  spread.deviation = spread.count > 1 ? std::sqrt(square / (count - 1)) : kNotMeasured;
  return spread;
}

std::vector<const RunOutcome*> FinishedRuns(const StudyResult& result, const std::string& arm) {
  std::vector<const RunOutcome*> finished;
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    if (result.plan.runs[i].arm == arm && result.outcomes[i].status == RunStatus::kFinished) {
      finished.push_back(&result.outcomes[i]);
    }
  }
  return finished;
}

std::vector<std::string> MeasureNames(const StudyResult& result) {
  std::vector<std::string> names;
  for (const RunOutcome& outcome : result.outcomes) {
    for (const auto& [name, value] : outcome.metrics) {
      if (outcome.status == RunStatus::kFinished && std::ranges::count(names, name) == 0) {
        names.push_back(name);
      }
    }
  }
  return names;
}

std::vector<std::string> Readouts(const StudyResult& result) {
  std::vector<std::string> readouts = result.plan.study.readouts;
  if (readouts.empty()) {
    readouts.assign(std::begin(kUsual), std::end(kUsual));
    std::erase_if(readouts, [&](const std::string& readout) {
      return std::ranges::all_of(result.plan.arms, [&](const Choice& arm) {
        return ReadoutOf(result, arm.name, readout).count == 0;
      });
    });
  }
  return readouts;
}

Spread ReadoutOf(const StudyResult& result, const std::string& arm, const std::string& readout) {
  std::vector<double> values;
  for (const RunOutcome* run : FinishedRuns(result, arm)) {
    values.push_back(ValueOf(run->metrics, NameIn(run->metrics, readout).name));
  }
  return SpreadOf(values);
}

TextTable ArmTable(const StudyResult& result) {
  std::vector<std::string> columns = Readouts(result);
  for (const char* cost : kCosts) {
    const bool measured = std::ranges::any_of(result.plan.arms, [&](const Choice& arm) {
      return ReadoutOf(result, arm.name, cost).count > 0;
    });
    if (measured && std::ranges::count(columns, cost) == 0) {
      columns.emplace_back(cost);
    }
  }
  TextTable table{{"arm", "n"}, {}};
  table.header.insert(table.header.end(), columns.begin(), columns.end());
  for (const Choice& arm : result.plan.arms) {
    const int64_t planned = std::ranges::count(result.plan.runs, arm.name, &PlannedRun::arm);
    const int64_t finished = std::ssize(FinishedRuns(result, arm.name));
    table.rows.push_back({arm.name, finished == planned ? absl::StrCat(finished)
                                                        : absl::StrCat(finished, "/", planned)});
    for (const std::string& column : columns) {
      table.rows.back().push_back(Cell(result, arm.name, column));
    }
  }
  return table;
}

TextTable ProblemTable(const StudyResult& result) {
  TextTable table{{"arm", "seed", "became", "why"}, {}};
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    const auto& [status, reason, metrics] = result.outcomes[i];
    if (status == RunStatus::kRefused || status == RunStatus::kFailed) {
      table.rows.push_back({result.plan.runs[i].arm, absl::StrCat(result.plan.runs[i].seed),
                            std::string(EnumName(status)), reason});
    }
  }
  return table;
}

std::string PlainText(const TextTable& table) {
  std::vector<std::vector<std::string>> lines = table.rows;
  lines.insert(lines.begin(), table.header);
  std::string text;
  for (const std::vector<std::string>& line : lines) {
    for (size_t column = 0; column < line.size(); ++column) {
      size_t width = 0;
      for (const std::vector<std::string>& other : lines) {
        width = std::max(width, WidthOf(other[column]));
      }
      const bool last = column + 1 == line.size();
      const size_t padding = last ? 0 : width - WidthOf(line[column]) + 2;
      absl::StrAppend(&text, line[column], std::string(padding, ' '));
    }
    text += "\n";
  }
  return text;
}

std::string StudyJson(const StudyResult& result) {
  JsonArray arms, runs;
  for (const Choice& arm : result.plan.arms) {
    arms.push_back(ArmJson(result, arm));
  }
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    runs.push_back(RunJson(result.plan.runs[i], result.outcomes[i]));
  }
  const StudyConfig& study = result.plan.study;
  return DumpJson({JsonObject{{"question", {study.question}},
                              {"prediction", {study.prediction}},
                              {"recipe", {study.recipe}},
                              {"arms", {std::move(arms)}},
                              {"runs", {std::move(runs)}}}},
                  /*indented=*/true) +
         "\n";
}

std::string StudyCsv(const StudyResult& result) {
  const std::vector<std::string> names = MeasureNames(result);
  std::vector<std::string> header = {"arm", "seed", "status", "reason"};
  header.insert(header.end(), names.begin(), names.end());
  std::string text = absl::StrJoin(header, ",") + "\n";
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    const PlannedRun& run = result.plan.runs[i];
    const RunOutcome& outcome = result.outcomes[i];
    absl::StrAppend(&text, Quoted(run.arm), ",", run.seed, ",",
                    std::string(EnumName(outcome.status)), ",", Quoted(outcome.reason));
    for (const std::string& name : names) {
      const double value = ValueOf(outcome.metrics, name);
      absl::StrAppend(&text, ",", std::isnan(value) ? "" : absl::StrFormat("%.10g", value));
    }
    text += "\n";
  }
  return text;
}

}  // namespace tessera
