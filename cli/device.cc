#include "cli/device.h"

#include <CLI/CLI.hpp>

#include "config/enum_names.h"

namespace tessera {

void AddDeviceOption(CLI::App& app, DeviceKind* device) {
  const auto choose = [device](const std::string& name) {
    const auto kind = EnumFromName<DeviceKind>(name);
    if (!kind) {
      throw CLI::ValidationError("--device", "must be cpu or cuda, not '" + name + "'");
    }
    *device = *kind;
  };
  app.add_option_function<std::string>("--device", choose,
                                       "Compute on cpu, which is the default, or on cuda.");
}

}  // namespace tessera
