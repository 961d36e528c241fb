// Captioned pictures in Parquet files, as the Hugging Face Hub holds them.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "data/config.h"
#include "data/document_rows.h"
#include "data/source.h"
#include "files/files.h"

namespace tessera {

// Reads texts and labels; pictures are read from their row group when they are asked for. Columns
// are those of data.picture_column and data.text_column. Pictures are struct{bytes, path} or bytes.
// Whole numbers are labels, with the names that the file's features give them.
absl::StatusOr<OpenedRows> OpenParquet(const DataConfig& config,
                                       const std::shared_ptr<const Files>& files, BadData& bad);

}  // namespace tessera
