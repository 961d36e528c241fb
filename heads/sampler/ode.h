// Samplers that follow the flow from noise to data. The first four and flow-sde walk in flow time
// t, x_t = t x + s (1 - t) n, with velocity v = (x_hat - x_t) / (1 - t). Unlike in the loss 1 - t
// is not held at .05: no sampler looks at t = 1, and a held slope would end short of the data.
#pragma once

#include "heads/sampler/sampler.h"

namespace tessera {

Tensor Euler(const SamplerRun& run, Tensor x_ND);

// The mean of the velocities at both ends of a step; the last step is Euler's. 2 S - 1 looks.
Tensor Heun(const SamplerRun& run, Tensor x_ND);

// The velocity in the middle of a step. Levels are begin, middle, begin, middle, ...
Tensor Midpoint(const SamplerRun& run, Tensor x_ND);

// Adams-Bashforth of order 2: the velocity extrapolated from the last two looks.
Tensor Ab2(const SamplerRun& run, Tensor x_ND);

// DPM-Solver++(2M), Lu et al. 2022, algorithm 2. Any schedule.
Tensor Dpmpp2m(const SamplerRun& run, Tensor x_ND);

// The flow with its score's Langevin noise g^2 = 2 s^2 (1 - t); the last step adds none.
// Temperature scales the noise of every step.
Tensor FlowSde(const SamplerRun& run, Tensor x_ND);

}  // namespace tessera
