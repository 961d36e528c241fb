// What this program is, and the machine that it runs on: for --version, run.json and pictures.
#pragma once

#include <string>

#include "files/files.h"
#include "files/json.h"

namespace tessera {

// Returns the project's version and the commit that it was configured at if there was one:
// "tessera 0.1 (1a2b3c4)".
std::string ProgramName();

// Returns the version, commit, LibTorch, compiler, processor, its instruction sets, the one that
// LibTorch's own loops use, and how many threads compute.
JsonObject ProgramFacts(const Files& files);

// Returns the same for a reader; the first line is "tessera 0.1 (1a2b3c4), LibTorch 2.13.0".
std::string VersionText();

}  // namespace tessera
