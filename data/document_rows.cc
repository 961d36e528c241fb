#include "data/document_rows.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/suggest.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

constexpr std::array<std::pair<std::string_view, Split>, 3> kSplitNames = {
    {{"train", Split::kTrain}, {"test", Split::kTest}, {"validation", Split::kTest}}};

std::optional<Split> SplitNamed(std::string_view name) {
  for (const auto& [known, split] : kSplitNames) {
    if (name == known) {
      return split;
    }
  }
  return std::nullopt;
}

absl::StatusOr<Json> ParseLine(std::string_view line) {
  // Before the parser sees it: its message would repeat the bytes.
  if (const std::optional<int64_t> at = FirstInvalidUtf8(line)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid UTF-8 at byte ", *at));
  }
  ASSIGN_OR_RETURN(Json json, ParseJson(line));
  if (json.AsObject() == nullptr) {
    return absl::InvalidArgumentError("not a JSON object");
  }
  return json;
}

}  // namespace

absl::Status At(std::string_view where, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(std::string(where), ": ", status.message()));
}

absl::StatusOr<std::string> RequiredString(const Json& row, std::string_view key) {
  const Json* value = row.Find(key);
  const std::string quoted = absl::StrCat("\"", std::string(key), "\"");
  if (value == nullptr) {
    std::vector<std::string> keys;
    for (const auto& [name, unused] : *row.AsObject()) {
      keys.push_back(name);
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no ", quoted,
        keys.empty() ? "" : absl::StrCat("; the nearest name is \"", Nearest(key, keys), "\"")));
  }
  if (value->AsString() == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(quoted, " is not a string"));
  }
  return *value->AsString();
}

absl::StatusOr<std::optional<Split>> RowSplit(const Json& row) {
  if (row.Find("split") == nullptr) {
    return std::optional<Split>();
  }
  ASSIGN_OR_RETURN(const std::string name, RequiredString(row, "split"));
  const std::optional<Split> split = SplitNamed(name);
  if (!split && !name.empty()) {
    const std::vector<std::string> names = {"train", "test", "validation"};
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown split \"", name, "\"; the nearest is \"", Nearest(name, names), "\""));
  }
  return split;
}

std::optional<Split> SplitOfFolder(const std::string& name) {
  const size_t slash = name.find('/');
  return slash == name.npos ? std::nullopt : SplitNamed(std::string_view(name).substr(0, slash));
}

Split SplitOf(const DocumentRow& row, double test_share) {
  const Split by_hash = UnitInterval(row.hash) < test_share ? Split::kTest : Split::kTrain;
  return row.split.value_or(by_hash);
}

absl::StatusOr<PictureName> FindPicture(const Source& source, const std::string& beside,
                                        const std::string& file_name) {
  ASSIGN_OR_RETURN(const std::string safe, SafeName(file_name));
  const std::string name = FolderPrefix(beside) + safe;
  if (!source.Has(name)) {
    return absl::NotFoundError(absl::StrCat("'", file_name, "' is missing"));
  }
  return PictureName{name};
}

absl::StatusOr<std::vector<JsonLine>> ReadJsonLines(const Source& source, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string bytes, source.Read(name));
  std::vector<JsonLine> lines;
  std::string_view rest = bytes;
  for (int64_t number = 1; !rest.empty(); ++number) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!Trim(line).empty()) {
      lines.push_back(
          {absl::StrCat("'", JoinPath(source.path(), name), "' line ", number), ParseLine(line)});
    }
  }
  return lines;
}

}  // namespace tessera
