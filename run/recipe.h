// A recipe: the settings of one run as a person writes them, and what the run should reach.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "files/files.h"
#include "run/expectation.h"
#include "run/run_config.h"

namespace tessera {

struct Recipe {
  RunConfig run;
  ExpectConfig expect;

  static std::span<const MovedKey> MovedKeys() { return RunConfig::MovedKeys(); }
  void FitDefaults(const IsNamed& named) { run.FitDefaults(named); }

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    RunConfig::Fields(self.run, visit);
    visit("expect", self.expect, "This section says what `tessera check` should measure.");
  }

  std::string Problem() const { return run.Problem(); }
};

// Says whether the text is a study (analysis/ablation/study_plan.h): it has the key `recipe`, which
// no recipe has.
bool IsStudy(const std::string& toml);

// Returns the text of a recipe. A study is refused with the command that takes it.
absl::StatusOr<std::string> ReadRecipe(const std::string& path, const Files& files);

// Sets the keys of *config that the recipe's text and then the overrides name, as FromToml does.
// The text's [expect] is checked and left out.
absl::Status FromRecipe(const std::string& text, const std::string& path,
                        const std::vector<std::string>& overrides, RunConfig* config);

}  // namespace tessera
