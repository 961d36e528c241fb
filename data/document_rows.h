// Documents as files tell them, before any picture is read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/bad_data.h"
#include "data/dataset.h"
#include "data/file_names.h"
#include "data/source.h"
#include "files/json.h"

namespace tessera {

struct PictureName {
  std::string name;  // in the source
};

// A text, or a picture that is not read yet.
using NamedSegment = std::variant<std::string, PictureName>;

struct DocumentRow {
  std::string where;  // "'/data/x/metadata.jsonl' line 3", for messages
  uint64_t hash = 0;  // chooses the split if nothing names it
  std::optional<NamedSplit> split;
  std::vector<NamedSegment> segments;
  std::set<size_t> unscored = {};  // as in a Document
  std::string label = {};          // the folder that its text is named after; empty: none
};

// What a reader of rows found in a source.
struct Rows {
  std::vector<DocumentRow> rows;
  std::set<std::string>
      read;  // files of rows, and pictures and captions that they have, bad ones too
};

struct OpenedRows {
  std::shared_ptr<const Source> source;
  Rows rows;
};

// "where: message", with the same code.
absl::Status At(std::string_view where, const absl::Status& status);

// The string under `key`; an error names the nearest key that is there.
absl::StatusOr<std::string> RequiredString(const Json& row, std::string_view key);

// nullopt if the row has no "split" or an empty one. Names are those of SplitNamed.
absl::StatusOr<std::optional<NamedSplit>> RowSplit(const Json& row);

// The named one, or by the hash, the same on every machine.
Split SplitOf(const DocumentRow& row, double test_share);

// The picture's name in the source: inside the folder that `beside` stands in, and there. It is
// added to *read even if it is missing.
absl::StatusOr<PictureName> FindPicture(const Source& source, const std::string& beside,
                                        const std::string& file_name, std::set<std::string>* read);

struct JsonLine {
  std::string where;
  absl::StatusOr<Json> json;
};

// Lines of a .jsonl file; empty ones are none. An error names the file.
absl::StatusOr<std::vector<JsonLine>> ReadJsonLines(const Source& source, const std::string& name);

}  // namespace tessera
