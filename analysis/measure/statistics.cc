#include "analysis/measure/statistics.h"

#include <ATen/Functions.h>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/npz.h"

namespace tessera {
namespace {

NpyArray ArrayOf(const Tensor& tensor) {
  const Tensor numbers = tensor.to(torch::kDouble).contiguous();
  const double* first = numbers.const_data_ptr<double>();
  return NpyOf({first, first + numbers.numel()}, numbers.sizes().vec());
}

absl::StatusOr<Tensor> TensorIn(const std::string& path, const std::string& name,
                                const Files& files) {
  ASSIGN_OR_RETURN(const Numbers numbers, ReadNumbers(path, name, files));
  return at::tensor(numbers.values, torch::kDouble).view(numbers.shape);
}

}  // namespace

absl::Status WriteStatistics(const Gaussian& gaussian, const std::string& path,
                             const Files& files) {
  ASSIGN_OR_RETURN(const std::string npz, ToNpz({{"mu", ArrayOf(gaussian.mean_F)},
                                                 {"sigma", ArrayOf(gaussian.covariance_FF)}}));
  return files.Write(path, npz);
}

absl::StatusOr<Gaussian> ReadStatistics(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(Tensor mean_F, TensorIn(path, "mu", files));
  ASSIGN_OR_RETURN(Tensor covariance_FF, TensorIn(path, "sigma", files));
  const int64_t count = mean_F.numel();
  if (mean_F.dim() != 1 || covariance_FF.sizes() != c10::IntArrayRef({count, count}) ||
      !at::isfinite(mean_F).all().item<bool>() || !at::isfinite(covariance_FF).all().item<bool>()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", path, "' holds no statistics: mu must be F finite numbers and sigma F x F of them"));
  }
  return Gaussian{std::move(mean_F), std::move(covariance_FF)};
}

}  // namespace tessera
