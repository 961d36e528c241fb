// Means of losses by bin: by the noise level of a draw, or by a patch's turn in its picture.
// N = values.
#pragma once

#include <torch/types.h>

#include <vector>

namespace tessera {

using torch::Tensor;

// Sums and counts by bin, in double. There are as many bins as the largest index so far asks for.
struct BinnedMean {
  std::vector<double> sum = {}, count = {};

  void Add(const Tensor& bin_N, const Tensor& value_N);
  void Add(const BinnedMean& more);

  // Ten bins of equal width over the levels 0 (all noise) to 1 (clean).
  void AddByLevel(const Tensor& level_N, const Tensor& value_N);

  // NaN in a bin that nothing came to; empty if nothing came at all.
  std::vector<double> Means() const;
};

}  // namespace tessera
