#include "data/dataset.h"

#include "config/status.h"
#include "data/image/image_io.h"

namespace tessera {

absl::StatusOr<std::string> Dataset::PictureFile(int64_t index, size_t segment) const {
  ASSIGN_OR_RETURN(const Document document, Get(index));
  return EncodePng(*AsImage(document.segments.at(segment)));
}

}  // namespace tessera
