// How much memory this process holds, and how much more it can have (Linux).
#pragma once

#include <string>

#include "files/files.h"

namespace tessera {

struct FreeMemory {
  double resident = 0;  // bytes that the process holds now
  double room = 0;      // bytes that it may still take; infinite where nothing says
  std::string bound;    // what sets that limit: "MemAvailable", "cgroup" or "ulimit -v"
};

// The least of what /proc/meminfo calls available, what is left of the limit of the process's
// cgroup (version 1 or 2), and what is left of the limit on its address space. root: what stands
// before "proc" and "sys"; tests put their own folder in.
FreeMemory MeasureFreeMemory(const Files& files, const std::string& root = "/");

}  // namespace tessera
