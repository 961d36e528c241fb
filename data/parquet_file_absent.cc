#include "absl/strings/str_cat.h"
#include "data/parquet_file.h"

namespace tessera {

absl::StatusOr<std::unique_ptr<ParquetFile>> OpenParquetFile(const std::string& path,
                                                             std::shared_ptr<const Files>) {
  return absl::UnimplementedError(
      absl::StrCat("this build reads no parquet, so not '", path,
                   "'; scripts/setup.sh --parquet makes one that does"));
}

}  // namespace tessera
