// What a probe found, for people and for programs.
#pragma once

#include <string>

#include "analysis/probe/probe.h"
#include "files/json.h"

namespace tessera {

// All numbers, as docs/formats.md has them.
Json ProbeJson(const ProbeResult& result, const Run& run);

// One page, pictures first.
std::string ProbePage(const ProbeResult& result, const Run& run, const std::string& title);

// Writes probe.json, probe.html and states.safetensors into the folder.
absl::Status WriteProbe(const ProbeResult& result, const Run& run, const std::string& folder,
                        const std::string& title, const Files& files);

}  // namespace tessera
