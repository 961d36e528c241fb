#include "train/ema.h"

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

namespace tessera {

Ema::Ema(const NamedTensors& parameters, double decay) : decay_(decay) {
  for (const auto& [name, parameter] : parameters) {
    names_.push_back(name);
    parameters_.push_back(parameter);
    average_.push_back(parameter.detach().clone());
  }
}

void Ema::Update(int64_t step) {
  const torch::NoGradGuard no_grad;
  const double decay = std::min(decay_, (1.0 + step) / (10.0 + step));
  at::_foreach_lerp_(average_, parameters_, /*weight=*/1 - decay);
}

NamedTensors Ema::State() const {
  NamedTensors state;
  for (size_t i = 0; i < names_.size(); ++i) {
    state.emplace_back(names_[i], average_[i]);
  }
  return state;
}

EmaScope::EmaScope(Ema& ema) : ema_(ema) { Swap(); }
EmaScope::~EmaScope() { Swap(); }

void EmaScope::Swap() {
  for (size_t i = 0; i < ema_.parameters_.size(); ++i) {
    const Tensor parameter = ema_.parameters_[i].detach();
    ema_.parameters_[i].set_data(ema_.average_[i]);
    ema_.average_[i] = parameter;
  }
}

}  // namespace tessera
