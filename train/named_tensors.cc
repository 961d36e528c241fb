#include "train/named_tensors.h"

#include <torch/torch.h>

#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"

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
    tensor.copy_(sources.at(name));
  }
  return absl::OkStatus();
}

}  // namespace tessera
