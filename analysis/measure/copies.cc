// M = pictures that are asked about, N = pictures at a time, D = numbers of a picture.
#include "analysis/measure/copies.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <limits>

namespace tessera {
namespace {

using torch::Tensor;

constexpr int64_t kAtOnce = 2000;

Tensor Flat(const std::vector<Image>& images, int64_t first, int64_t last) {
  std::vector<Tensor> rows;
  for (int64_t i = first; i < last; ++i) {
    rows.push_back(at::tensor(at::ArrayRef<uint8_t>(images[i].rgb), torch::kUInt8));
  }
  return at::stack(rows).to(torch::kFloat32) / 127.5 - 1;
}

// Squared distances to the nearest training picture, each over D.
Tensor NearestTo(const std::vector<Image>& images, const std::vector<Image>& training) {
  const Tensor x_MD = Flat(images, 0, std::ssize(images));
  const Tensor own_M = x_MD.square().sum(1);
  Tensor nearest_M = at::full_like(own_M, std::numeric_limits<float>::infinity());
  for (int64_t first = 0; first < std::ssize(training); first += kAtOnce) {
    const Tensor y_ND = Flat(training, first, std::min(first + kAtOnce, std::ssize(training)));
    const Tensor other_MN = y_ND.square().sum(1) - 2 * at::matmul(x_MD, y_ND.t());
    nearest_M = at::minimum(nearest_M, std::get<0>(other_MN.min(1)));
  }
  return (own_M + nearest_M) / x_MD.size(1);
}

}  // namespace

double ShareOfCopies(const std::vector<Image>& drawn, const std::vector<Image>& unseen,
                     const std::vector<Image>& training) {
  const Tensor bound = at::quantile(NearestTo(unseen, training), .01);
  return (NearestTo(drawn, training) < bound).to(torch::kDouble).mean().item<double>();
}

}  // namespace tessera
