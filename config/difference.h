// What differs between two configs of one type, key by key.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/toml.h"

namespace tessera {

// A key that differs. Values are written as in TOML.
struct Difference {
  std::string path;
  std::string was;
  std::string is;
};

// Whether a key is compared at all.
using Matters = std::function<bool(const std::string& path)>;

// Lists in their order the keys, and the lists of sections by their numbers, that have an effect in
// the second config and another value in the first. A key without effect in the second is passed
// over, since it hangs on another key that differs. So two configs without a difference mean the
// same.
std::vector<Difference> DifferencesOf(const std::vector<FieldInfo>& was,
                                      const std::vector<FieldInfo>& is, const Matters& matters);

template <class Config>
std::vector<Difference> Differences(
    const Config& was, const Config& is,
    const Matters& matters = [](const std::string&) { return true; }) {
  return DifferencesOf(ListFields(was), ListFields(is), matters);
}

// "seed was 1, is 2; model.width was 192, is 64; and 4 more": names three of them at most.
std::string DifferencesText(const std::vector<Difference>& differences);

}  // namespace tessera
