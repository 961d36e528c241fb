#include "run/parameter_role.h"

namespace tessera {

ParameterRole RoleOf(const std::string& name) {
  const auto contains = [&](const char* part) { return name.find(part) != std::string::npos; };
  if (name.ends_with(kAdapterA)) {
    return ParameterRole::kAdapterA;
  }
  if (name.ends_with(kAdapterB)) {
    return ParameterRole::kAdapterB;
  }
  if (name == "embed_tokens" || contains("place.") || name.ends_with("codebook")) {
    return ParameterRole::kEmbedding;
  }
  const bool inside = name.starts_with("model.layers.") || name.starts_with("head.") ||
                      name.starts_with("autoencoder.");
  const bool edge = contains("modulation") || contains("output");
  return inside && !edge ? ParameterRole::kHidden : ParameterRole::kOutput;
}

}  // namespace tessera
