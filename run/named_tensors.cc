#include "run/named_tensors.h"

#include <fnmatch.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "config/suggest.h"

namespace tessera {
namespace {

std::string ShapeText(const Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

}  // namespace

absl::Status CopyByName(const NamedTensors& from, const std::string& source,
                        const NamedTensors& to) {
  std::map<std::string, Tensor> sources(from.begin(), from.end());
  for (const auto& [name, tensor] : to) {
    const auto found = sources.find(name);
    if (found == sources.end()) {
      return absl::InvalidArgumentError(absl::StrCat(source, ": has no tensor ", name));
    }
    if (found->second.sizes() != tensor.sizes()) {
      return absl::InvalidArgumentError(
          absl::StrCat(source, ": ", name, " has shape ", ShapeText(found->second), " where ",
                       ShapeText(tensor), " is needed; was the config of the model changed?"));
    }
  }
  if (sources.size() > to.size()) {
    for (const auto& [name, tensor] : to) {
      sources.erase(name);
    }
    return absl::InvalidArgumentError(absl::StrCat(source, ": ", sources.begin()->first,
                                                   " has no place here; was the config of ",
                                                   "the model changed?"));
  }
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : to) {
    if (const Tensor& source = sources.at(name); !tensor.is_alias_of(source)) {
      tensor.copy_(source);
    }
  }
  return absl::OkStatus();
}

bool AreEqual(const NamedTensors& a, const NamedTensors& b) {
  const std::map<std::string, Tensor> others(b.begin(), b.end());
  return a.size() == b.size() && std::ranges::all_of(a, [&](const auto& named) {
           const auto found = others.find(named.first);
           return found != others.end() &&
                  named.second.scalar_type() == found->second.scalar_type() &&
                  at::equal(named.second, found->second);
         });
}

absl::StatusOr<NamedTensors> SelectByName(const NamedTensors& tensors,
                                          const std::vector<std::string>& patterns,
                                          const std::string& none) {
  std::vector<std::string> names;
  std::vector<bool> selected(tensors.size(), false);
  for (const auto& [name, tensor] : tensors) {
    names.push_back(name);
  }
  for (const std::string& pattern : patterns) {
    bool found = false;
    for (size_t i = 0; i < names.size(); ++i) {
      const bool matches = fnmatch(pattern.c_str(), names[i].c_str(), 0) == 0;
      selected[i] = selected[i] || matches;
      found = found || matches;
    }
    if (!found) {
      return absl::InvalidArgumentError(absl::StrCat(
          none, " matches '", pattern, "'; the nearest name is '", Nearest(pattern, names), "'"));
    }
  }
  NamedTensors result;
  for (size_t i = 0; i < names.size(); ++i) {
    if (selected[i]) {
      result.push_back(tensors[i]);
    }
  }
  return result;
}

}  // namespace tessera
