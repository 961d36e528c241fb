// Keys that an earlier version had: what is said about them in a recipe, and where the values of a
// dump go.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tessera {

struct MovedKey {
  std::string_view from;      // the path of a key, or of a section that is gone with all its keys
  std::string_view to;        // the path of the key now; empty if it is gone
  std::string_view why = {};  // it is gone
};

// The entry of a path that is read as a key or as a section; null if there is none.
const MovedKey* FindMoved(std::span<const MovedKey> moved, std::string_view path, bool is_section);

// "train.lr is now train.optimizer.lr; rename it".
std::string MovedText(const MovedKey& moved, std::string_view path);

}  // namespace tessera
