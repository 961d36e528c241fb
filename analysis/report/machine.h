// What a page says of where its numbers come from.
#pragma once

#include <string>

#include "files/files.h"

namespace tessera {

// As /proc/cpuinfo names it, which not every processor is.
std::string Processor(const Files& files);

// "shapes" of "runs/shapes/".
std::string LastName(std::string path);

}  // namespace tessera
