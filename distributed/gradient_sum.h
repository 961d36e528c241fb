// The gradient of a step, summed over its items wherever they were computed. The sum is a binary
// tree over the items, ((g0 + g1) + (g2 + g3)) + ..., whose upper levels lie between the ranks: so
// it is the same to the bit for any number of ranks that divides the items into powers of two.
// Ranks exchange gradients by c10d's Reducer, in buckets, while the backward pass goes on.
#pragma once

#include <torch/types.h>

#include <memory>
#include <vector>

#include "distributed/ranks.h"

namespace c10d {
class Reducer;
class GradBucket;
}  // namespace c10d

namespace tessera {

class GradientSum {
 public:
  // Sums for those of `parameters` that need a gradient, which are the same on all ranks.
  GradientSum(std::vector<Tensor> parameters, const Ranks& ranks);
  ~GradientSum();

  // Adds the gradient of the loss of one of the `items` items that this rank computes, item 0
  // first. With the last one the parameters' gradients are those of all items of all ranks. A loss
  // that hangs on no parameter adds nothing. Throws RankLost.
  void Add(const Tensor& loss, int64_t item, int64_t items);

 private:
  class SumHook;

  void Backward(const Tensor& loss);
  void BackwardAndReduce(const Tensor& loss);
  void SetAside();
  void AddLastAside();
  void AddAsideTo(c10d::GradBucket& bucket);

  std::vector<Tensor> parameters_;
  const Ranks& ranks_;
  std::vector<std::vector<Tensor>> aside_;  // sums of earlier items; undefined where there is none
  std::vector<Tensor> reduced_;             // by parameter, since the last Add began
  std::unique_ptr<c10d::Reducer> reducer_;  // null: there is one rank
};

}  // namespace tessera
