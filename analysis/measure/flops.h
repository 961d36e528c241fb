// How much arithmetic a piece of work is, read off the operators that LibTorch is asked for.
#pragma once

#include <ATen/record_function.h>

#include "analysis/measure/continue.h"
#include "analysis/report/run_log.h"

namespace tessera {

// Counts multiplications and additions of matrix products, convolutions and fused attention, on any
// thread, from its beginning on; not what is done number by number (norms, activations, sums). One
// at a time.
class FlopCounter {
 public:
  FlopCounter();
  ~FlopCounter();
  FlopCounter(const FlopCounter&) = delete;
  FlopCounter& operator=(const FlopCounter&) = delete;

  double flops() const;

 private:
  at::CallbackHandle handle_;
};

// parameters; training_step_gflop of the run's first step, forward, backward and optimizer;
// picture_gflop of a picture drawn for a caption, where the data set has captions.
absl::Status AddCost(const Run& run, const std::shared_ptr<const Dataset>& training,
                     const Dataset& test, const EvaluateOptions& options, Metrics* metrics);

}  // namespace tessera
