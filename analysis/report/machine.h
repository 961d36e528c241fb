// How a page names a run.
#pragma once

#include <string>

namespace tessera {

// "shapes" of "runs/shapes/".
std::string LastName(std::string path);

}  // namespace tessera
