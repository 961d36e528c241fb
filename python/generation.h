// The engine (infer/engine.h) as Python drives it, step by step.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "infer/engine.h"
#include "python/native_run.h"

namespace tessera {

// A request, what came of it ("token", "patch", "picture" or "document"), numbers and pixels, each
// empty if there are none: a token's id; a patch's rows and columns of the grid, its cell and its
// uint8 pixels; a picture's pixels. A document is kept for Take.
using NativeEvent = std::tuple<int64_t, std::string, std::vector<int64_t>, torch::Tensor>;

class Generation : public torch::CustomClassHolder {
 public:
  Generation(const c10::intrusive_ptr<NativeRun>& run, const std::vector<std::string>& settings);

  // until: a name of Until. grid: an index of the run's grids, or -1. Returns the request's name.
  int64_t Add(const NativeDocument& prompt, const std::string& until, int64_t grid, int64_t seed,
              int64_t index);
  std::vector<NativeEvent> Step();
  bool Idle() const { return engine_.idle(); }
  NativeDocument Take(int64_t request);  // a finished document
  NativeDocument Cancel(int64_t request) { return ToNative(engine_.Cancel(request)); }

 private:
  NativeEvent ToNativeEvent(EngineEvent event);

  c10::intrusive_ptr<NativeRun> opened_;
  Run run_;  // under the settings
  Engine engine_;
  std::map<int64_t, Document> finished_;
};

}  // namespace tessera
