// The text of a recipe, which names the settings of one run.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "files/files.h"

namespace tessera {

// Says whether the text is a study (analysis/ablation/study_plan.h): it has the key `recipe`, which
// no recipe has.
bool IsStudy(const std::string& toml);

// Returns the text of a recipe. A study is refused with the command that takes it.
absl::StatusOr<std::string> ReadRecipe(const std::string& path, const Files& files);

}  // namespace tessera
