// A folder or an archive of files, read by name: data sets do not know which.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/bad_data.h"
#include "files/files.h"

namespace tessera {

// Thread-safe. Names are relative, with '/', and never lead out of the source.
class Source {
 public:
  virtual ~Source() = default;
  virtual const std::string& path() const = 0;
  virtual const std::vector<std::string>& Names() const = 0;  // of all files, sorted
  virtual absl::StatusOr<std::string> Read(const std::string& name) const = 0;

  bool Has(const std::string& name) const;
};

// A folder's names are listed once; its bytes are read from disk each time, through `files`. An
// archive is read once and its files are kept in memory; those whose names lead out of it are bad.
absl::StatusOr<std::unique_ptr<Source>> OpenSource(const std::string& path,
                                                   std::shared_ptr<const Files> files,
                                                   BadData& bad);

// "./a//b.png" -> "a/b.png". An absolute name, or one that leaves the folder by "..", is an error.
absl::StatusOr<std::string> SafeName(const std::string& name);

// Files with one of these base names, in whatever folder of the source.
std::vector<std::string> FilesNamed(const Source& source, const std::vector<std::string>& bases);

// The folder part of a name with its '/', "" for none: FolderPrefix("a/b.png") is "a/".
std::string FolderPrefix(const std::string& name);

}  // namespace tessera
