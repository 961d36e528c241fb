#include "data/image_folder.h"

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/captioned_rows.h"
#include "data/csv.h"
#include "data/file_names.h"
#include "data/text/text_check.h"
#include "ops/hash.h"

namespace tessera {
namespace {

// Pictures of formats that are not read are documents too: DecodeImage names the format instead of
// passing it over.
std::vector<std::string> PicturesIn(const Source& source) {
  std::vector<std::string> pictures = source.Names();
  std::erase_if(pictures,
                [](const std::string& name) { return !IsPicture(name) || IsHidden(name); });
  return pictures;
}

absl::StatusOr<std::vector<JsonLine>> ReadCsvLines(const Source& source, const std::string& name) {
  const std::string path = Quoted(source, name);
  ASSIGN_OR_RETURN(const std::string bytes, source.Read(name));
  const absl::StatusOr<std::string_view> text = TextOfFile(bytes);
  if (!text.ok()) {
    return At(path, text.status());
  }
  const std::vector<CsvRow> rows = ParseCsv(*text);
  if (rows.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has no line of column names"));
  }
  const absl::StatusOr<std::vector<std::string>>& columns = rows.front().fields;
  if (!columns.ok()) {
    return At(absl::StrCat(path, " line ", rows.front().line), columns.status());
  }
  std::vector<JsonLine> lines;
  for (auto row = rows.begin() + 1; row != rows.end(); ++row) {
    lines.push_back({absl::StrCat(path, " line ", row->line),
                     row->fields.ok() ? ToObject(*row->fields, *columns) : row->fields.status()});
  }
  return lines;
}

// One file a folder: two forms of the same rows would train on each twice. A .jsonl goes before a
// .csv, and "metadata" before "Metadata".
std::vector<std::string> MetadataOf(const Source& source) {
  std::vector<std::string> chosen;
  std::map<std::string, size_t> of_folder;
  for (const std::string& name : FilesNamed(source, {"metadata.jsonl", "metadata.csv"})) {
    const auto [place, is_first] = of_folder.emplace(FolderPrefix(name), chosen.size());
    if (is_first) {
      chosen.push_back(name);
    } else if (ExtensionOf(name) == "jsonl" || ExtensionOf(chosen[place->second]) == "csv") {
      chosen[place->second] = name;
    }
  }
  return chosen;
}

absl::StatusOr<Rows> ReadMetadata(const Source& source, const std::vector<std::string>& names,
                                  BadData& bad) {
  Rows rows{.rows = {}, .read = {names.begin(), names.end()}};
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const std::vector<JsonLine> lines, ExtensionOf(name) == "csv"
                                                            ? ReadCsvLines(source, name)
                                                            : ReadJsonLines(source, name));
    RETURN_IF_ERROR(AddCaptionedRows(source, name, lines, bad, &rows));
  }
  return rows;
}

// An error says which file is meant.
absl::StatusOr<std::string> ReadCaption(const Source& source, const std::string& picture,
                                        const std::vector<std::string>& captions) {
  if (captions.empty()) {
    return At(Quoted(source, picture),
              absl::NotFoundError(absl::StrCat("its text '", picture.substr(0, picture.rfind('.')),
                                               ".txt' is missing")));
  }
  const std::string& name = captions.front();
  ASSIGN_OR_RETURN(const std::string bytes, source.Read(name));
  absl::StatusOr<std::string_view> text = TextOfFile(bytes);
  absl::Status status = text.ok() ? CheckText(*text) : text.status();
  return status.ok() ? absl::StatusOr<std::string>(std::string(Trim(*text)))
                     : At(Quoted(source, name), status);
}

absl::StatusOr<Rows> ReadLoosePictures(const Source& source, const std::string& caption,
                                       BadData& bad) {
  const std::vector<std::string> pictures = PicturesIn(source);
  const CaptionFinder captions(source.Names());
  const bool have_text = std::ranges::any_of(
      pictures, [&](const std::string& name) { return !captions.Of(name).empty(); });
  Rows rows;
  for (const std::string& name : pictures) {
    rows.read.insert(name);
    DocumentRow row{Quoted(source, name), HashBytes(name), SplitOfFolder(name), {}};
    if (have_text) {
      const std::vector<std::string> own = captions.Of(name);
      rows.read.insert(own.begin(), own.begin() + (own.empty() ? 0 : 1));
      absl::StatusOr<std::string> text = ReadCaption(source, name, own);
      if (!text.ok()) {
        RETURN_IF_ERROR(bad.Report(text.status()));
        continue;
      }
      row.segments.emplace_back(*std::move(text));
    }
    row.segments.emplace_back(PictureName{name});
    rows.rows.push_back(std::move(row));
  }
  if (!have_text && !caption.empty()) {
    if (const std::vector<std::string> classes = ClassesOf(pictures); !classes.empty()) {
      for (size_t i = 0; i < classes.size(); ++i) {
        rows.rows[i].label = classes[i];
      }
      RETURN_IF_ERROR(CaptionByLabel(caption, bad, &rows.rows));
    }
  }
  return rows;
}

}  // namespace

absl::StatusOr<Rows> ReadImageFolder(const Source& source, const std::string& caption,
                                     BadData& bad) {
  const std::vector<std::string> metadata = MetadataOf(source);
  if (!metadata.empty()) {
    return ReadMetadata(source, metadata, bad);
  }
  if (!FilesNamed(source, {"docs.jsonl"}).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", source.path(), "' holds documents; say data.kind = \"documents\""));
  }
  return ReadLoosePictures(source, caption, bad);
}

}  // namespace tessera
