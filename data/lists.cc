#include "data/lists.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "config/enum_names.h"
#include "config/status.h"
#include "config/suggest.h"
#include "data/captioned_rows.h"
#include "data/file_names.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

struct TextLine {
  std::string where;
  std::string text;
};

// The lines of a file that are not empty.
absl::StatusOr<std::vector<TextLine>> ReadLines(const Source& source, const std::string& name) {
  ASSIGN_OR_RETURN(const std::string bytes, source.Read(name));
  const absl::StatusOr<std::string_view> text = TextOfFile(bytes);
  if (!text.ok()) {
    return At(Quoted(source, name), text.status());
  }
  std::vector<TextLine> lines;
  int64_t number = 0;
  for (std::string& line : std::vector<std::string>(absl::StrSplit(std::string(*text), '\n'))) {
    ++number;
    line.resize(line.size() - line.ends_with('\r'));
    if (!Trim(line).empty()) {
      lines.push_back({absl::StrCat(Quoted(source, name), " line ", number), std::move(line)});
    }
  }
  return lines;
}

}  // namespace

absl::StatusOr<Lists> OpenLists(const DataConfig& config, const std::string& ending,
                                const std::shared_ptr<const Files>& files, BadData& bad) {
  Lists lists;
  const std::filesystem::path path(config.path);
  ASSIGN_OR_RETURN(const PathKind kind, files->Kind(config.path));
  if (kind == PathKind::kFile && absl::EndsWithIgnoreCase(config.path, ending)) {
    const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
    ASSIGN_OR_RETURN(lists.source, OpenSource(folder, files, bad));
    lists.names = {path.filename().string()};
    return lists;
  }
  ASSIGN_OR_RETURN(lists.source, OpenSource(config.path, files, bad));
  for (const std::string& name : lists.source->Names()) {
    if (!IsHidden(name) && absl::EndsWithIgnoreCase(name, ending)) {
      lists.names.push_back(name);
    }
  }
  return lists.names.empty()
             ? absl::StatusOr<Lists>(absl::NotFoundError(
                   absl::StrCat("'", config.path, "' holds no ", ending, ", which data.kind = \"",
                                std::string(EnumName(config.kind)), "\" reads")))
             : std::move(lists);
}

absl::StatusOr<size_t> FindColumn(const std::vector<std::string>& columns, const std::string& name,
                                  const std::vector<std::string>& usual, const std::string& key) {
  const std::vector<std::string>& wanted = name.empty() ? usual : std::vector{name};
  for (const std::string& one : wanted) {
    if (const auto found = std::ranges::find(columns, one); found != columns.end()) {
      return static_cast<size_t>(found - columns.begin());
    }
  }
  return absl::NotFoundError(absl::StrCat("there is no column ", absl::StrJoin(wanted, ", "),
                                          "; name one of ", absl::StrJoin(columns, ", "), " in ",
                                          key));
}

absl::StatusOr<Rows> ReadTsv(const Lists& lists, const DataConfig& config, BadData& bad) {
  const Source& source = *lists.source;
  Rows rows{.rows = {}, .read = {lists.names.begin(), lists.names.end()}};
  for (const std::string& name : lists.names) {
    ASSIGN_OR_RETURN(const std::vector<TextLine> lines, ReadLines(source, name));
    if (lines.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(Quoted(source, name), " has no line of column names"));
    }
    std::vector<std::string> columns = absl::StrSplit(lines.front().text, '\t');
    const auto picture =
        FindColumn(columns, config.picture_column,
                   {"file_name", "image", "filepath", "filename", "path"}, "data.picture_column");
    const auto text =
        FindColumn(columns, config.text_column, {"text", "caption", "title"}, "data.text_column");
    if (!picture.ok() || !text.ok()) {
      return At(lines.front().where, picture.ok() ? text.status() : picture.status());
    }
    columns[*picture] = "file_name";
    columns[*text] = "text";
    std::vector<JsonLine> objects;
    for (auto line = lines.begin() + 1; line != lines.end(); ++line) {
      objects.push_back({line->where, ToObject(absl::StrSplit(line->text, '\t'), columns)});
    }
    RETURN_IF_ERROR(AddCaptionedRows(source, name, objects, bad, &rows));
  }
  return rows;
}

absl::StatusOr<Rows> ReadTexts(const Lists& lists, BadData& bad) {
  Rows rows{.rows = {}, .read = {lists.names.begin(), lists.names.end()}};
  for (const std::string& name : lists.names) {
    ASSIGN_OR_RETURN(const std::vector<TextLine> lines, ReadLines(*lists.source, name));
    for (const TextLine& line : lines) {
      const std::string text(Trim(line.text));
      if (const absl::Status status = CheckText(text); !status.ok()) {
        RETURN_IF_ERROR(bad.Report(At(line.where, status)));
        continue;
      }
      rows.rows.push_back({line.where, HashBytes(text), SplitOfFolder(name + "/"), {text}});
    }
  }
  return rows;
}

}  // namespace tessera
