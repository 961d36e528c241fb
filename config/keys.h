// Which keys and sections a config has, and which one was meant by a name that is none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "config/toml.h"

namespace tessera {

// The error for what cannot be read; where is "run.toml:12", an override, or empty.
absl::Status Invalid(const std::string& where, const std::string& what);

class Keys {
 public:
  explicit Keys(const FieldWalk& walk);

  // Whether the path is a section, or else a key. where: of the text, for the error.
  absl::Status Check(const std::string& where, const std::string& path, bool is_section) const;

 private:
  std::string Nearest(const std::string& path) const;

  std::vector<std::string> paths_;            // in the config's order
  std::map<std::string, std::string> types_;  // by path; empty for a section
};

}  // namespace tessera
