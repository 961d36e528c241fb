// A Parquet file by columns. An optional part of the build: without Arrow's libraries
// OpenParquetFile says how to have it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "files/files.h"

namespace tessera {

// A column without lists; a member of a struct is "image.bytes".
struct ParquetColumn {
  std::string name;
  bool is_bytes = false;   // of texts too
  bool is_number = false;  // whole
};

class ParquetFile {
 public:
  virtual ~ParquetFile() = default;
  virtual const std::vector<ParquetColumn>& Columns() const = 0;
  virtual int64_t rows() const = 0;

  // What the writer noted under this key; empty if it noted nothing.
  virtual std::string Note(const std::string& key) const = 0;

  // The values of a column of bytes or whole numbers, as texts; nullopt for null.
  virtual absl::StatusOr<std::vector<std::optional<std::string>>> Texts(size_t column) const = 0;

  // One value of a column of bytes. Only its row group is read, up to the page that holds it.
  // Thread-safe.
  virtual absl::StatusOr<std::optional<std::string>> Bytes(size_t column, int64_t row) const = 0;
};

absl::StatusOr<std::unique_ptr<ParquetFile>> OpenParquetFile(const std::string& path,
                                                             std::shared_ptr<const Files> files);

}  // namespace tessera
