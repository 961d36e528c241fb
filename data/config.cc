#include "data/config.h"

#include <algorithm>
#include <set>

namespace tessera {
namespace {

bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }

}  // namespace

std::string MixConfig::Problem() const {
  const bool plain = std::ranges::all_of(
      name, [](char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '_'; });
  if (!plain || std::ranges::none_of(name, IsLetter)) {
    return "name = \"" + name + "\" must be of the letters a-z, with a letter at least, 0-9 and _";
  }
  return weight > 0 ? data.SetProblem()
                    : "weight of " + name + " must be above 0; leave the set out instead";
}

std::string DataConfig::Problem() const {
  std::set<std::string> names;
  for (const MixConfig& one : mix) {
    if (!names.insert(one.name).second) {
      return "two sets of mix have the name \"" + one.name + "\"; rename one";
    }
  }
  return SetProblem();
}

std::vector<DataConfig> DataConfig::Sets() const {
  std::vector<DataConfig> sets;
  for (const MixConfig& one : mix) {
    DataConfig& set = sets.emplace_back(one.data);
    set.on_error = on_error;
    set.too_long = too_long;
    set.max_pixels = max_pixels;
    set.fit = fit;
    set.threads = threads;
  }
  return mixes() ? sets : std::vector{*this};
}

}  // namespace tessera
