#pragma once

#include <string>

namespace tessera {

// Returns the project's version, the commit that it was configured at if there was one, and the
// version of LibTorch: "tessera 0.1 (1a2b3c4), LibTorch 2.13.0".
std::string VersionText();

}  // namespace tessera
