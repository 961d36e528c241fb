// What archives hold, kept in a file, so that each of them is looked through once.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "data/archive_contents.h"
#include "files/files.h"

namespace tessera {

class ArchiveIndex {
 public:
  // Reads the file if it is there; an empty path keeps nothing.
  static absl::StatusOr<ArchiveIndex> Open(std::string path, std::shared_ptr<const Files> files);

  // As ListArchive, or from the file if the archive has the length and the time that it had then.
  absl::StatusOr<ArchiveContents> List(const std::string& archive, BadData& bad);

  // Writes the file if it does not say what List has found. Archives with bad data, or with names
  // or texts that are not UTF-8, are not kept.
  absl::Status Save() const;

 private:
  struct Known {
    FileStamp stamp;
    ArchiveContents contents;
  };

  ArchiveIndex(std::string path, std::shared_ptr<const Files> files)
      : path_(std::move(path)), files_(std::move(files)) {}

  absl::Status Parse(const std::string& text);

  std::string path_;
  std::shared_ptr<const Files> files_;
  std::map<std::string, Known> known_;  // by the paths of archives
  bool changed_ = false;
};

}  // namespace tessera
