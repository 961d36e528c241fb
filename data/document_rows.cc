#include "data/document_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/suggest.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

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

absl::StatusOr<std::optional<NamedSplit>> RowSplit(const Json& row) {
  if (row.Find("split") == nullptr) {
    return std::optional<NamedSplit>();
  }
  ASSIGN_OR_RETURN(const std::string name, RequiredString(row, "split"));
  const std::optional<Split> split = SplitNamed(name);
  if (!split && !name.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown split \"", name, "\"; the nearest is \"", Nearest(name, SplitWords()), "\""));
  }
  return split ? std::optional(NamedSplit{*split, absl::StrCat("\"split\": \"", name, "\"")})
               : std::nullopt;
}

Split SplitOf(const DocumentRow& row, double test_share) {
  const Split by_hash = UnitInterval(row.hash) < test_share ? Split::kTest : Split::kTrain;
  return row.split ? row.split->split : by_hash;
}

absl::StatusOr<PictureName> FindPicture(const Source& source, const std::string& beside,
                                        const std::string& file_name, std::set<std::string>* read) {
  ASSIGN_OR_RETURN(const std::string safe, SafeName(file_name));
  const std::string name = FolderPrefix(beside) + safe;
  read->insert(name);
  if (!source.Has(name)) {
    return absl::NotFoundError(absl::StrCat("'", file_name, "' is missing"));
  }
  return PictureName{name};
}

absl::StatusOr<std::vector<JsonLine>> ReadJsonLines(const Source& source, const std::string& name) {
  const std::string path = Quoted(source, name);
  ASSIGN_OR_RETURN(const std::string bytes, source.Read(name));
  const absl::StatusOr<std::string_view> text = TextOfFile(bytes);
  if (!text.ok()) {
    return At(path, text.status());
  }
  std::vector<JsonLine> lines;
  std::string_view rest = *text;
  for (int64_t number = 1; !rest.empty(); ++number) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!Trim(line).empty()) {
      lines.push_back({absl::StrCat(path, " line ", number), ParseLine(line)});
    }
  }
  return lines;
}

}  // namespace tessera
