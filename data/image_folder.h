// Captioned pictures in the layout of Hugging Face's ImageFolder, or with a .txt beside each.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "data/document_rows.h"
#include "data/source.h"

namespace tessera {

// metadata.jsonl or metadata.csv (keys file_name, text and, optionally, split), at the top or in
// folders below it, names relative to where it stands, of a folder that has both the first; else
// the captions that CaptionFinder finds beside pictures; else `caption` with the names of the
// folders that ClassesOf finds, unless it is empty; else pictures without text. A document is its
// text, then its picture.
absl::StatusOr<Rows> ReadImageFolder(const Source& source, const std::string& caption,
                                     BadData& bad);

}  // namespace tessera
