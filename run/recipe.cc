#include "run/recipe.h"

#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"

namespace tessera {

bool IsStudy(const std::string& toml) {
  std::istringstream lines(toml);
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos &&
        absl::StripAsciiWhitespace(line.substr(0, equals)) == "recipe") {
      return true;
    }
  }
  return false;
}

absl::StatusOr<std::string> ReadRecipe(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(std::string toml, files.Read(path));
  if (IsStudy(toml)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", path, "' is a study, of many runs, and no recipe; run it by tessera ablate ", path));
  }
  return toml;
}

absl::Status FromRecipe(const std::string& text, const std::string& path,
                        const std::vector<std::string>& overrides, RunConfig* config) {
  Recipe recipe{.run = *config, .expect = {}};
  RETURN_IF_ERROR(FromToml(text, path, overrides, &recipe));
  *config = recipe.run;
  return absl::OkStatus();
}

}  // namespace tessera
