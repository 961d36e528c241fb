// Fits the predictor of the amed sampler to a trained run, whose head is left as it is.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "run/amed_file.h"

namespace tessera {

struct AmedFit {
  std::shared_ptr<AmedPredictor> predictor;
  std::vector<double> distances;  // of its last steps to the teacher, by interval (TrainAmed)
};

// The conditions are those that the head meets when it draws pictures of the documents, each under
// the true document before it, with the guidance of settings.generate. They are drawn with the
// run's own sampler.
absl::StatusOr<AmedFit> FitAmed(
    const Run& run, const Dataset& dataset, const AmedSettings& settings,
    const std::function<void(const std::string& what, double share)>& on_progress);

}  // namespace tessera
