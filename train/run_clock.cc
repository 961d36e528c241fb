#include "train/run_clock.h"

#include <ATen/Functions.h>

namespace tessera {

void RunClock::Start(double earlier) {
  minutes_ = earlier_ = earlier;
  started_ = std::chrono::steady_clock::now();
}

double RunClock::Now() const {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - started_;
  return earlier_ + passed.count() / 60;
}

void RunClock::Take() {
  minutes_ = ranks_.GatherAlike(at::scalar_tensor(Now(), torch::kDouble))[0].item<double>();
}

}  // namespace tessera
