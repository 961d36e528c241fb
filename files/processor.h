// The processor that a program runs on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "files/files.h"

namespace tessera {

// As /proc/cpuinfo names it, which not every processor is.
std::string Processor(const Files& files);

// Those of /proc/cpuinfo that change how fast matrices are multiplied, in its order.
std::vector<std::string> InstructionSets(const Files& files);

}  // namespace tessera
