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

// What stands in a source and is no file to read.
struct Unlisted {
  std::string name;
  std::string reason;  // in the plural, for an account: "FIFOs, sockets and devices"
};
inline constexpr char kNoFile[] = "FIFOs, sockets and devices";

// Thread-safe. Names are relative, with '/', and never lead out of the source.
class Source {
 public:
  virtual ~Source() = default;
  virtual const std::string& path() const = 0;
  virtual const std::vector<std::string>& Names() const = 0;  // of all files, sorted
  virtual const std::vector<Unlisted>& Others() const = 0;
  virtual absl::StatusOr<std::string> Read(const std::string& name) const = 0;

  bool Has(const std::string& name) const;
};

// A folder's or an archive's names are listed once; bytes are read from disk each time, through
// `files`, but those of a compressed archive are kept in memory. A picture is a source of itself
// and its captions, and metadata.jsonl, metadata.csv or docs.jsonl is the folder that it stands in.
// Links to nothing, folders that cannot be listed and names that lead out of an archive are bad
// data, unless they are hidden.
absl::StatusOr<std::unique_ptr<Source>> OpenSource(const std::string& path,
                                                   std::shared_ptr<const Files> files,
                                                   BadData& bad);

// "./a//b.png" -> "a/b.png". An absolute name, or one that leaves the folder by "..", is an error.
absl::StatusOr<std::string> SafeName(const std::string& name);

// Files with one of these base names in any case, in whatever folder of the source that is not
// hidden.
std::vector<std::string> FilesNamed(const Source& source, const std::vector<std::string>& bases);

// The folder part of a name with its '/', "" for none: FolderPrefix("a/b.png") is "a/".
std::string FolderPrefix(const std::string& name);

// What messages call a file of the source: its path in quotes.
std::string Quoted(const Source& source, const std::string& name);

}  // namespace tessera
