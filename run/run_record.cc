#include "run/run_record.h"

#include <time.h>
#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "distributed/own_address.h"
#include "run/version.h"

namespace tessera {
namespace {

constexpr char kTrainings[] = "trainings";

// ISO 8601 in UTC.
std::string Now() {
  const time_t now = time(nullptr);
  tm parts{};
  std::array<char, 32> text{};
  strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
  return text.data();
}

absl::StatusOr<JsonArray> EarlierTrainings(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const PathKind kind, files.Kind(path));
  if (kind == PathKind::kNone) {
    return JsonArray();
  }
  ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  const auto json = ParseJson(text);
  const Json* list = json.ok() ? json->Find(kTrainings) : nullptr;
  if (list == nullptr || list->AsArray() == nullptr) {
    return absl::DataLossError(absl::StrCat(
        "'", path, "' holds no list of trainings; move it away, and --resume begins another"));
  }
  return *list->AsArray();
}

}  // namespace

absl::StatusOr<RunRecord> RunRecord::Begin(const std::string& run,
                                           const std::vector<std::string>& command, int64_t step,
                                           const Files& files) {
  const std::string path = JoinPath(run, "run.json");
  ASSIGN_OR_RETURN(JsonArray trainings, EarlierTrainings(path, files));
  JsonArray words;
  for (const std::string& word : command) {
    words.push_back(Json{word});
  }
  JsonObject entry = {{"command", {std::move(words)}}};
  for (auto& fact : ProgramFacts(files)) {
    entry.push_back(std::move(fact));
  }
  entry.emplace_back("host", Json{HostName()});
  entry.emplace_back("process", Json{int64_t{getpid()}});
  entry.emplace_back("start", Json{Now()});
  entry.emplace_back("first_step", Json{step});
  trainings.push_back(Json{std::move(entry)});
  RunRecord record(path, std::move(trainings));
  RETURN_IF_ERROR(record.Write(files));
  return record;
}

absl::Status RunRecord::End(int64_t step, const std::string& result, const Files& files) {
  JsonObject& entry = std::get<JsonObject>(trainings_.back().value);
  const JsonObject facts = {{"end", {Now()}}, {"last_step", {step}}, {"result", {result}}};
  entry.insert(entry.end(), facts.begin(), facts.end());
  return Write(files);
}

absl::Status RunRecord::Write(const Files& files) const {
  return files.Write(path_,
                     DumpJson({JsonObject{{kTrainings, {trainings_}}}}, /*indented=*/true) + "\n");
}

}  // namespace tessera
