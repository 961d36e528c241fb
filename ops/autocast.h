// Automatic mixed precision.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/types.h>

#include "ops/precision.h"

namespace tessera {

// Matrix products in bf16 while it lives, if asked.
class Autocast {
 public:
  Autocast(torch::Device device, Precision precision)
      : device_(device.type()), enabled_(precision == Precision::kBf16) {
    at::autocast::set_autocast_enabled(device_, enabled_);
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  }
  ~Autocast() {
    if (enabled_) {
      at::autocast::clear_cache();
    }
    at::autocast::set_autocast_enabled(device_, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType device_;
  bool enabled_;
};

}  // namespace tessera
