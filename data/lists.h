// Forms of data sets whose documents are the lines of lists beside local pictures: COCO's captions,
// OBELICS, MMC4, tab-separated values and plain text.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "data/config.h"
#include "data/document_rows.h"
#include "data/source.h"
#include "files/files.h"

namespace tessera {

// A source, and the files of it that are lists.
struct Lists {
  std::unique_ptr<Source> source;
  std::vector<std::string> names;
};

// The lists end in `ending`. They are all of the folder or archive of data.path; or data.path is
// one of them and stands for itself and the pictures of its folder.
absl::StatusOr<Lists> OpenLists(const DataConfig& config, const std::string& ending,
                                const std::shared_ptr<const Files>& files, BadData& bad);

// captions_*.json with "images" and "annotations", and their pictures in any folder. Each caption
// is a document of its own: the text, then the picture.
absl::StatusOr<Rows> ReadCoco(const Lists& lists, BadData& bad);

// {"images": [name or null, ...], "texts": [text or null, ...]}: at each place one of the two.
absl::StatusOr<Rows> ReadObelics(const Lists& lists, BadData& bad);

// {"text_list": [...], "image_info": [{"image_name": ..., "matched_text_index": ...}, ...]}: a
// picture stands before the sentence that it matches.
absl::StatusOr<Rows> ReadMmc4(const Lists& lists, BadData& bad);

// A line of column names, then a picture's name and its caption a line.
absl::StatusOr<Rows> ReadTsv(const Lists& lists, const DataConfig& config, BadData& bad);

// Each line that is not empty is a document.
absl::StatusOr<Rows> ReadTexts(const Lists& lists, BadData& bad);

// The column of this name; without one, the only one that has one of the usual names. key is that
// of the config, for messages.
absl::StatusOr<size_t> FindColumn(const std::vector<std::string>& columns, const std::string& name,
                                  const std::vector<std::string>& usual, const std::string& key);

}  // namespace tessera
