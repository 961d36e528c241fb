// Randomness as a pure function of (seed, stream, step): no generator state lives anywhere, so a
// resumed run repeats the run that was cut.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace tessera {

using torch::Tensor;

// Who draws. Two streams never share numbers, whatever the seed and step.
enum class Stream : uint64_t { kInit, kData, kLoss, kSample, kEvaluate, kTest, kAdapter };

// 64 well-mixed bits of the four numbers (splitmix64 rounds).
uint64_t MixSeed(uint64_t seed, uint64_t stream, uint64_t step, uint64_t item = 0);

at::Generator MakeGenerator(torch::Device device, uint64_t seed, Stream stream, uint64_t step,
                            uint64_t item = 0);

// Standard normal [N, dim], row i drawn from rngs[i]: a row's numbers do not depend on its batch.
Tensor RandnRows(std::vector<at::Generator>& rngs, int64_t dim, torch::TensorOptions options);
Tensor RandRows(std::vector<at::Generator>& rngs, int64_t dim,
                torch::TensorOptions options);  // uniform in [0, 1)

}  // namespace tessera
