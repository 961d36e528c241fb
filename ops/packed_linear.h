// A matrix that is laid out once for products with few rows (ops/kernels.h), which then read it at
// the speed of the caches. What is packed does not follow later changes of the weights.
// I = inputs, O = outputs.
#pragma once

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <type_traits>
#include <vector>

#include "ops/kernels.h"
#include "ops/precision.h"
#include "ops/thread_team.h"

namespace tessera {

using torch::Tensor;

// Rows of numbers that lie `stride` apart.
template <class Number>
struct RowsOf {
  Number* first;
  int64_t stride;
  int64_t count;

  Number* operator[](int64_t row) const { return first + row * stride; }
  operator RowsOf<const Number>() const requires(!std::is_const_v<Number>) {
    return {first, stride, count};
  }
};

class PackedLinear {
 public:
  // bias_O may be undefined. int8 rounds each output's weights to 255 steps of its largest.
  PackedLinear(const Tensor& weight_OI, const Tensor& bias_O, WeightStorage storage);
  // The outputs of several matrices of as many inputs, one after the other.
  PackedLinear(const std::vector<Tensor>& weights_OI, WeightStorage storage);

  int64_t inputs() const { return inputs_; }
  int64_t panels() const { return panels_; }
  // Numbers that a row of results takes: the outputs, and some that mean nothing.
  int64_t stride() const { return panels_ * kernels::kPanel; }

  // y = x W^T + b, the outputs of these panels alone.
  void Multiply(const RowsOf<const float>& x, const RowsOf<float>& y, int64_t first_panel,
                int64_t last_panel) const;

  // All outputs.
  void Multiply(const RowsOf<const float>& x, const RowsOf<float>& y) const {
    ForPanels(x.count, [&](int64_t first, int64_t last) { Multiply(x, y, first, last); });
  }

  // Calls f(first, last) for shares of the panels, on threads if so many rows are worth it.
  template <class Function>
  void ForPanels(int64_t rows, const Function& f) const {
    constexpr int64_t kProductsAlone = 1 << 15;
    const bool few = rows * inputs_ * stride() < kProductsAlone;
    ThreadTeam::Shared().Run(few ? 1 : at::get_num_threads(), panels_, f);
  }

 private:
  template <class Weight>
  void Pack(const Tensor& from_OI, torch::Dtype dtype);
  template <class Weight>
  void MultiplyAs(const RowsOf<const float>& x, const RowsOf<float>& y, int64_t first_panel,
                  int64_t last_panel) const;

  int64_t inputs_, panels_;
  WeightStorage storage_;
  Tensor weight_, bias_, scale_;
};

// Calls f(row) for each row, on threads if there are many.
template <class Function>
void ForEachRow(int64_t rows, const Function& f) {
  constexpr int64_t kRowsAlone = 8;  // so many rows of a norm or a rotation are not worth threads
  ThreadTeam::Shared().Run(rows <= kRowsAlone ? 1 : at::get_num_threads(), rows,
                           [&](int64_t first, int64_t last) {
                             for (int64_t row = first; row < last; ++row) {
                               f(row);
                             }
                           });
}

// Numbers that are kept between calls, and mean nothing at the start of one.
class Scratch {
 public:
  RowsOf<float> Rows(int64_t count, int64_t stride) {
    if (std::ssize(numbers_) < count * stride) {
      numbers_.resize(static_cast<size_t>(count * stride));
    }
    return {numbers_.data(), stride, count};
  }

 private:
  std::vector<float> numbers_;
};

}  // namespace tessera
