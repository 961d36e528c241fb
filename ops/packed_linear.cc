#include "ops/packed_linear.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "ops/kernel_call.h"

namespace tessera {

PackedLinear::PackedLinear(const Tensor& weight_OI, const Tensor& bias_O, WeightStorage storage)
    : inputs_(weight_OI.size(1)),
      panels_((weight_OI.size(0) + kernels::kPanel - 1) / kernels::kPanel),
      storage_(storage),
      bias_(at::zeros({panels_, kernels::kPanel})) {
  const torch::NoGradGuard no_grad;
  if (bias_O.defined()) {
    bias_.flatten().narrow(0, 0, bias_O.size(0)).copy_(bias_O);
  }
  const Tensor from_OI = weight_OI.to(torch::kFloat32).contiguous();
  switch (storage) {
    case WeightStorage::kF32:
      Pack<float>(from_OI, torch::kFloat32);
      return;
    case WeightStorage::kBf16:
      Pack<kernels::Bf16>(from_OI, torch::kBFloat16);
      return;
    case WeightStorage::kInt8:
      scale_ = at::empty_like(bias_);
      Pack<int8_t>(from_OI, torch::kInt8);
      return;
  }
  TORCH_CHECK(false, "weight storage ", static_cast<int>(storage));
}

namespace {

// at::cat, whose threads would take longer to meet than the copy.
Tensor Joined(const std::vector<Tensor>& weights_OI) {
  int64_t outputs = 0;
  for (const Tensor& weight_OI : weights_OI) {
    outputs += weight_OI.size(0);
  }
  const Tensor all_OI = at::empty({outputs, weights_OI.front().size(1)});
  float* to = all_OI.mutable_data_ptr<float>();
  for (const Tensor& weight_OI : weights_OI) {
    const Tensor from_OI = weight_OI.to(torch::kFloat32).contiguous();
    to = std::copy_n(from_OI.const_data_ptr<float>(), from_OI.numel(), to);
  }
  return all_OI;
}

}  // namespace

PackedLinear::PackedLinear(const std::vector<Tensor>& weights_OI, WeightStorage storage)
    : PackedLinear(Joined(weights_OI), {}, storage) {}

template <class Weight>
void PackedLinear::Pack(const Tensor& from_OI, torch::Dtype dtype) {
  weight_ = at::empty({panels_, kernels::PackedInputs<Weight>(inputs_), kernels::kPanel}, dtype);
  const kernels::Packing<Weight> packing = {Numbers<float>(from_OI), from_OI.size(0), inputs_,
                                            Numbers<Weight>(weight_), Numbers<float>(scale_)};
  ThreadTeam::Shared().Run(at::get_num_threads(), panels_,
                           [&](int64_t first, int64_t last) { packing.Run(first, last); });
}

template <class Weight>
void PackedLinear::MultiplyAs(const RowsOf<const float>& x, const RowsOf<float>& y,
                              int64_t first_panel, int64_t last_panel) const {
  kernels::PackedProduct<Weight>{.weight = Numbers<Weight>(weight_),
                                 .scale = Numbers<float>(scale_),
                                 .bias = Numbers<float>(bias_),
                                 .inputs = inputs_,
                                 .x = x.first,
                                 .x_stride = x.stride,
                                 .rows = x.count,
                                 .y = y.first,
                                 .y_stride = y.stride}
      .Run(first_panel, last_panel);
}

void PackedLinear::Multiply(const RowsOf<const float>& x, const RowsOf<float>& y,
                            int64_t first_panel, int64_t last_panel) const {
  switch (storage_) {
    case WeightStorage::kF32:
      return MultiplyAs<float>(x, y, first_panel, last_panel);
    case WeightStorage::kBf16:
      return MultiplyAs<kernels::Bf16>(x, y, first_panel, last_panel);
    case WeightStorage::kInt8:
      return MultiplyAs<int8_t>(x, y, first_panel, last_panel);
  }
  TORCH_CHECK(false, "weight storage ", static_cast<int>(storage_));
}

}  // namespace tessera
