// The option --device, which says where a loaded run computes.
#pragma once

#include "run/train_config.h"

namespace CLI {
class App;
}

namespace tessera {

void AddDeviceOption(CLI::App& app, DeviceKind* device);

}  // namespace tessera
