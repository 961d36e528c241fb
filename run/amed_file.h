// The predictors of the amed sampler that a checkpoint carries: amed/evaluations-000005 holds one
// for five evaluations of the head's network a patch, whole or absent, with all that it was fitted
// for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "heads/sampler/amed.h"
#include "run/run.h"

namespace tessera {

// What amed.toml holds.
struct AmedSettings {
  AmedConfig amed;
  GenerateConfig generate;

  bool operator==(const AmedSettings&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("amed", self.amed, "These keys choose the predictor and its training.");
    visit("generate", self.generate,
          "The predictor was fitted for this guidance and this sampler.");
  }
};

// Returns the keys of `want` that a predictor depends on and for which `have` has other values or
// none, such as "guidance=2.0 sampler.rho=7.0". Each begins with `prefix`.
std::string Overrides(const GenerateConfig& have, const GenerateConfig& want,
                      const std::string& prefix = "");

// Writes the predictor into the checkpoint, where it replaces one for as many evaluations.
absl::Status SaveAmed(const std::string& checkpoint, const AmedSettings& settings,
                      const AmedPredictor& predictor, const Files& files);

// Returns the settings of each predictor that the run's checkpoint carries; none if there is none.
absl::StatusOr<std::vector<AmedSettings>> FittedAmeds(const Run& run, const Files& files);

// Sets run->amed to the predictor that the run's sampler asks for, from run->checkpoint; does
// nothing for other samplers. Refuses one that was fitted under another guidance or for another
// grid of levels. path names the run in errors.
absl::Status LoadAmed(const std::string& path, const Files& files, Run* run);

}  // namespace tessera
