#include "config/moved_keys.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tessera {

const MovedKey* FindMoved(std::span<const MovedKey> moved, std::string_view path, bool is_section) {
  const auto found = std::ranges::find_if(moved, [&](const MovedKey& one) {
    const bool below = path.starts_with(one.from) && path.substr(one.from.size()).starts_with('.');
    return one.to.empty() ? path == one.from || below : path == one.from && !is_section;
  });
  return found == moved.end() ? nullptr : &*found;
}

std::string MovedText(const MovedKey& moved, std::string_view path) {
  return moved.to.empty()
             ? absl::StrCat(std::string(path), " is gone: ", std::string(moved.why), "; remove it")
             : absl::StrCat(std::string(path), " is now ", std::string(moved.to), "; rename it");
}

}  // namespace tessera
