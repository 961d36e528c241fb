// Archives of files as one Source, read by range.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/archive_contents.h"
#include "data/source.h"

namespace tessera {

struct Archive {
  std::string path;
  std::string prefix;  // before the names of its files, such as "00.tar/"
  ArchiveContents contents;
};

// Names begin with the prefixes, none of which begins another. path is the source's own, for
// messages. What an archive holds in memory stays there; all else is read when it is asked for.
std::unique_ptr<Source> MakeArchiveSource(std::string path, std::vector<Archive> archives,
                                          std::shared_ptr<const Files> files);

}  // namespace tessera
