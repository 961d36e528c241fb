// What happens inside a run while it reads held-out documents: what each layer still knows, where
// it looks, what each layer could already say, and whether drawn pictures drift.
#pragma once

#include <string>
#include <vector>

#include "analysis/measure/continue.h"
#include "analysis/probe/attention_view.h"
#include "analysis/probe/drift.h"
#include "analysis/probe/exits.h"
#include "analysis/probe/hidden_states.h"
#include "analysis/probe/linear_probe.h"

namespace tessera {

struct ProbeOptions {
  int64_t documents = 1024;  // that are read, of the test split
  int64_t exported = 64;     // of them, whose states are written
  int64_t shown = 2;         // of them, whose attention is shown
  int64_t drawn = 256;       // pictures that are drawn, each with guidance and without
  uint64_t seed = 0;
  std::function<void(const std::string& what)> on_part = {};

  void Begin(const char* part) const { on_part ? on_part(part) : void(); }
};

// One thing looked for in every layer.
struct ProbeCurve {
  std::string what;     // "own pixels", "next pixels", "cell", or a label's name
  std::string where;    // "a patch", "the slot before", "behind the picture", "mean of the patches"
  std::string reading;  // "as stored" in the data, or "picture first"
  std::string measure;  // "R^2" or "accuracy"
  std::vector<ProbeScore> by_layer = {};
};

struct DriftCurve {
  std::string pictures;  // "true", "drawn", "drawn without guidance"
  TurnStatistics statistics;
};

struct ProbeResult {
  int64_t documents = 0;
  int64_t patches = 0;
  std::vector<std::string> layers = {};
  std::vector<ProbeCurve> curves = {};
  LossSplit losses = {};
  std::vector<DriftCurve> drift = {};
  std::vector<AttentionView> views = {};  // those read picture first come last
  NamedTensors exported = {};
};

// Fails if the test split has no pictures.
absl::StatusOr<ProbeResult> ProbeRun(const Run& run, const std::shared_ptr<const Files>& files,
                                     const ProbeOptions& options);

}  // namespace tessera
