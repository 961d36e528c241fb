// The predictors of the amed sampler that a checkpoint carries: amed/step-000003 for one of three
// steps a patch, whole or absent, with all that it was fitted for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "heads/sampler/amed.h"
#include "run/run.h"

namespace tessera {

// amed.toml.
struct AmedSettings {
  AmedConfig amed;
  GenerateConfig generate;

  bool operator==(const AmedSettings&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("amed", self.amed, "the predictor and its training");
    visit("generate", self.generate, "what it was trained for: the guidance and the sampler count");
  }
};

// "guidance=2.0 sampler.rho=7.0": the keys of `want` that a predictor depends on, where `have` has
// other values or none. Each begins with `prefix`.
std::string Overrides(const GenerateConfig& have, const GenerateConfig& want,
                      const std::string& prefix = "");

// Replaces a predictor for as many steps.
absl::Status SaveAmed(const std::string& checkpoint, const AmedSettings& settings,
                      const AmedPredictor& predictor, const Files& files);

// Returns the settings of each predictor of a checkpoint, by steps; none if there is none.
absl::StatusOr<std::vector<AmedSettings>> FittedAmeds(const std::string& path, const Files& files);

// Gives the run's head the predictor that its sampler asks for; nothing to do for other samplers.
// Refuses one that was fitted under another guidance or for another grid.
absl::Status LoadAmed(const std::string& path, const Files& files, Run* run);

}  // namespace tessera
