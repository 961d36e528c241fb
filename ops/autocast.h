// Automatic mixed precision.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/types.h>

#include "ops/precision.h"

namespace tessera {

// Matrix products in this precision while it lives, then in that of before.
class Autocast {
 public:
  Autocast(torch::Device device, Precision precision)
      : device_(device.type()),
        enabled_(IsBf16(precision)),
        before_(at::autocast::is_autocast_enabled(device_)) {
    at::autocast::set_autocast_enabled(device_, enabled_);
    if (enabled_) {
      at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    }
  }
  ~Autocast() {
    if (enabled_ && !before_) {
      at::autocast::clear_cache();
    }
    at::autocast::set_autocast_enabled(device_, before_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType device_;
  bool enabled_, before_;
};

}  // namespace tessera
