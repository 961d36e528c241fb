// The averaged parameters: a moving average of what the optimizer passes through, which generates
// better than the last step does.
#pragma once

#include <vector>

#include "run/named_tensors.h"

namespace tessera {

class Ema {
 public:
  // Starts at the parameters' values.
  Ema(const NamedTensors& parameters, double decay);

  // After step `step` (from 0). The decay rises as (1 + step) / (10 + step) to its full value, so
  // that the first, random parameters are soon forgotten.
  void Update(int64_t step);

  // Views of the average, under the parameters' names; not while an EmaScope lives.
  NamedTensors State() const;

 private:
  friend class EmaScope;

  double decay_;
  std::vector<std::string> names_;
  std::vector<Tensor> parameters_, average_;
};

// While it lives, the parameters hold the average. Nothing is copied: storages change places.
class EmaScope {
 public:
  explicit EmaScope(Ema& ema);
  ~EmaScope();
  EmaScope(const EmaScope&) = delete;
  EmaScope& operator=(const EmaScope&) = delete;

 private:
  void Swap();

  Ema& ema_;
};

}  // namespace tessera
