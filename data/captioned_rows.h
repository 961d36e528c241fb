// Rows of one picture and its caption, which several forms of files share.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/document_rows.h"

namespace tessera {

// The row of a JSON object with file_name, text and, optionally, split. list: the file that it is
// from, beside which the picture lies. The picture is added to *read.
absl::StatusOr<DocumentRow> CaptionedRow(const Source& source, const std::string& list,
                                         const JsonLine& line, std::set<std::string>* read);

// Adds the row of each line to *rows; the others are bad data.
absl::Status AddCaptionedRows(const Source& source, const std::string& list,
                              const std::vector<JsonLine>& lines, BadData& bad, Rows* rows);

// Puts `caption` with the row's label for {label} before the picture of each row.
absl::Status CaptionByLabel(const std::string& caption, BadData& bad,
                            std::vector<DocumentRow>* rows);

// Separated values as JSON objects, so that all rows are checked by the same code.
absl::StatusOr<Json> ToObject(const std::vector<std::string>& fields,
                              const std::vector<std::string>& columns);

}  // namespace tessera
