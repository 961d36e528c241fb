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

// The error for values that can be read, but do not go together.
absl::Status Conflict(const std::string& where, const std::string& what);

// A value of one choice that would give the path its effect, found by trying them all: "set a = 1
// or ".
std::string NeededChoice(const std::string& path, const FieldWalk& walk);

// The first problem of a section that has an effect.
absl::Status CheckProblems(const std::string& file, const FieldWalk& walk);

// Whether a name in a path is the number of an entry of a list.
bool IsIndex(std::string_view name);

// What stands at a path: a value, one section, or a list of them.
enum class Form { kKey, kSection, kList };

class Keys {
 public:
  // Leaves one entry in each list that is empty.
  explicit Keys(const FieldWalk& walk);

  // Whether that may stand at the path. where: of the text, for the error.
  absl::Status Check(const std::string& where, const std::string& path, Form form) const;

  const std::vector<std::string>& lists() const { return lists_; }

 private:
  std::string Nearest(const std::string& path) const;

  std::vector<std::string> paths_;            // in the config's order, N for an entry's number
  std::vector<std::string> lists_;            // the paths of lists
  std::map<std::string, std::string> types_;  // by path; empty for a section
};

}  // namespace tessera
