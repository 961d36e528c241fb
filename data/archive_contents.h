// What an archive holds, and where in it: found by its headers, once, so that its files are then
// read by range.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "data/source.h"

namespace tessera {

// A file's place in the archive's bytes.
struct Packed {
  int64_t offset = 0;
  int64_t room = 0;  // bytes of the archive that hold it, or more
  int64_t size = 0;  // bytes of the file itself
  bool deflated = false;

  bool operator==(const Packed&) const = default;
};

// A file's bytes, or where they are.
using Content = std::variant<std::string, Packed>;

struct ArchiveContents {
  std::map<std::string, Content> files;  // by their safe names; links have what they lead to
  std::vector<Unlisted> others;          // names that are no files
  bool compressed = false;               // as a whole, so that all files are held
};

// Most bytes of files that may be held in memory.
inline constexpr int64_t kMostHeld = int64_t{8} << 30;

// Reads a tar, tar.gz, zip or their like from beginning to end. Small texts are held, and all files
// where places say nothing: in a compressed tar, sparse files, and rare methods of zip. Names that
// lead out of the archive, and links to what it lacks, are bad data.
absl::StatusOr<ArchiveContents> ListArchive(const std::string& path, const Files& files,
                                            BadData& bad, int64_t most_held = kMostHeld);

}  // namespace tessera
