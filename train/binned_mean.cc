#include "train/binned_mean.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <functional>

namespace tessera {
namespace {

constexpr int64_t kLevels = 10;

}  // namespace

void BinnedMean::Add(const Tensor& bin_N, const Tensor& value_N) {
  const Tensor bins = bin_N.to(torch::kCPU).contiguous();
  const Tensor values = value_N.to(torch::kCPU, torch::kFloat64).contiguous();
  for (int64_t i = 0; i < bins.numel(); ++i) {
    const auto bin = static_cast<size_t>(bins.data_ptr<int64_t>()[i]);
    sum.resize(std::max(sum.size(), bin + 1));
    count.resize(sum.size());
    sum[bin] += values.data_ptr<double>()[i];
    ++count[bin];
  }
}

void BinnedMean::Add(const BinnedMean& more) {
  sum.resize(std::max(sum.size(), more.sum.size()));
  count.resize(sum.size());
  std::ranges::transform(more.sum, sum, sum.begin(), std::plus());
  std::ranges::transform(more.count, count, count.begin(), std::plus());
}

void BinnedMean::AddByLevel(const Tensor& level_N, const Tensor& value_N) {
  if (level_N.numel() > 0) {
    sum.resize(std::max<size_t>(sum.size(), kLevels));
    count.resize(sum.size());
    Add((level_N * kLevels).to(torch::kLong).clamp(0, kLevels - 1), value_N);
  }
}

std::vector<double> BinnedMean::Means() const {
  std::vector<double> means(sum.size());
  std::ranges::transform(sum, count, means.begin(), std::divides());
  return means;
}

}  // namespace tessera
