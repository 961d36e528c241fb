// What happens to a document that does not fit a row: pictures are kept before texts.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "data/account.h"
#include "data/config.h"
#include "data/dataset.h"
#include "data/text/tokenizer.h"
#include "sequence/layout.h"

namespace tessera {

struct SegmentSize {
  int64_t slots = 0;  // of a picture with its openers and its end
  bool is_picture = false;
};

// How many slots each segment keeps of `room`, which is what a row has behind <doc>. In reading
// order, a text leaves room for the next picture, and for <end-doc> if that picture is the last
// segment, as far as there is room for that picture at all; then it is cut at a token. A picture
// that has no room ends the document: neither it nor what follows is kept.
std::vector<int64_t> FitSegments(const std::vector<SegmentSize>& segments, int64_t room);

// Finds the documents of a data set that lose something in a row of layout.max_slots slots. It
// looks at all of a data set of files, decoding pictures only where the grid that they take
// decides, and at a thousand documents of drawn data, evenly.
absl::StatusOr<TooLong> FindTooLong(const Dataset& dataset, const DataConfig& data,
                                    const LayoutSpec& layout, const Tokenizer& tokenizer);

// The documents of a split to read: all, those that fit, or an error if one does not. *too_long
// says then whether they are left out. That none is left to train on is an error too.
absl::StatusOr<std::shared_ptr<const Dataset>> ToRead(std::shared_ptr<const Dataset> dataset,
                                                      Split split, LongDocuments policy,
                                                      TooLong* too_long);

}  // namespace tessera
