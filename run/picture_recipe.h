// How a picture was drawn, kept in its PNG: all that draws it again.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "infer/engine.h"
#include "run/run.h"

namespace tessera {

// A JSON object on one line: the prompt (a string, or a list with null for each picture), "seed",
// "index" of the document under that seed, "until", "grid" if it was asked for, "run" as the user
// named it, its "checkpoint" and "step", and "settings", the keys of [generate] that have an
// effect.
std::string PictureRecipe(const Run& run, const std::string& path, const EngineRequest& request);

// Puts the recipe into a PNG under the key "tessera", and the program's name under "Software".
std::string WithRecipe(std::string_view png, const std::string& recipe);

// Returns the recipe of a PNG. One that has none is NotFound.
absl::StatusOr<std::string> RecipeIn(std::string_view png);

}  // namespace tessera
