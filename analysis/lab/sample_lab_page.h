// What a comparison of samplers found, for people and for programs.
#pragma once

#include <string>

#include "analysis/lab/sample_lab.h"
#include "files/json.h"

namespace tessera {

Json LabJson(const LabResult& result);  // as docs/formats.md has it

// One page, pictures first.
std::string LabPage(const LabResult& result, const Run& run, const std::string& title);

}  // namespace tessera
