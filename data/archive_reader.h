// The bytes of an archive as libarchive reads them: through Files, whose retries and errors stay.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "files/files.h"

struct archive;

namespace tessera {

class ArchiveReader {
 public:
  // Begins to read a tar or a zip, with or without compression around it.
  static absl::StatusOr<std::unique_ptr<ArchiveReader>> Open(const std::string& path,
                                                             const Files& files);

  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  struct archive* get() const {
    return reader_.get();
  }
  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }  // bytes of the file

  // The error after a call of libarchive that failed.
  absl::Status Damaged() const;

 private:
  friend absl::StatusOr<std::string> Decompress(const std::string& path, const Files& files,
                                                int64_t most);

  ArchiveReader(const std::string& path, const Files& files, int64_t size);
  absl::Status Begin();

  std::string path_;
  const Files& files_;
  int64_t size_;
  int64_t at_ = 0;
  std::string block_;
  absl::Status failure_;  // libarchive's callbacks tell of a failure by a number
  std::unique_ptr<struct archive, int (*)(struct archive*)> reader_;
};

// The bytes inside of a .gz, .zst, .bz2 or .xz, which may be `most` at most.
absl::StatusOr<std::string> Decompress(const std::string& path, const Files& files, int64_t most);

}  // namespace tessera
