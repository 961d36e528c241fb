// All samplers that a run's head allows, at several numbers of steps, on the same hidden states and
// the same noise.
// N = rows, C = conditions, R = draws of each.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analysis/measure/continue.h"

namespace tessera {

struct LabOptions {
  std::string path = {};    // of the run, where fitted amed samplers lie
  int64_t conditions = 32;  // hidden states of held-out documents
  int64_t draws = 16;       // of each, at least 2
  std::vector<int64_t> steps = {2, 4, 8, 16, 32};
  int64_t reference_steps = 128;
  int64_t pictures = 4;  // drawn by each sampler; 0: none
  uint64_t seed = 0;
  std::function<void(const std::string& what, double share)> on_progress = {};
};

struct LabRow {
  SamplerConfig sampler = {};
  std::string name = {};  // "ddim", "ddim, eta 1", "amed, analytic first"
  int64_t evaluations = 0;
  double seconds = 0;  // of all rows
  // Root of the mean squared distance to the reference's patch from the same noise, in [-1, 1];
  // NaN of samplers that add noise, which solve no such equation.
  double error = 0;
  // Squared energy distance to fresh draws of the reference under the same condition, meaned over
  // conditions, and its standard error.
  double energy = 0, energy_error = 0;
};

struct LabPictures {
  std::string name;
  int64_t evaluations = 0;
  std::vector<Image> images;
};

struct LabResult {
  int64_t conditions = 0, draws = 0;
  std::vector<LabRow> rows = {};  // by sampler, then steps
  // The references: from pure noise along the flow time or the cosine steps, and from sigma_max;
  // how far they end from each other from the same noise; the energy distance of two sets of the
  // first, which is what perfect sampling gets.
  SamplerConfig reference = {}, sigma_reference = {};
  double between_references = 0;
  double floor_energy = 0, floor_energy_error = 0;
  std::vector<std::string> refused = {};  // why a fitted amed sampler was left out, a sentence each
  std::vector<std::string> captions = {};
  std::vector<LabPictures> pictures = {};  // of each sampler near the run's own evaluations
};

// Fails where the head draws without steps.
absl::StatusOr<LabResult> CompareSamplers(const Run& run, const std::shared_ptr<const Files>& files,
                                          const LabOptions& options);

}  // namespace tessera
