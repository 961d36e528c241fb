#include "cli/device.h"

#include <CLI/CLI.hpp>
#include <map>

#include "config/enum_names.h"

namespace tessera {

void AddDeviceOption(CLI::App& app, DeviceKind* device) {
  std::map<std::string, DeviceKind> kinds;
  for (const DeviceKind kind : {DeviceKind::kCpu, DeviceKind::kCuda}) {
    kinds.emplace(EnumName(kind), kind);
  }
  app.add_option("--device", *device, "cpu (default) or cuda")
      ->transform(CLI::CheckedTransformer(kinds));
}

}  // namespace tessera
