// A study: one question, asked of many runs that differ in what is named and in nothing else.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "analysis/ablation/grid.h"
#include "files/files.h"
#include "run/expectation.h"
#include "run/run_config.h"

namespace tessera {

// A study file (recipes/studies/*.toml).
struct StudyConfig {
  std::string recipe;
  std::string question;
  std::string prediction;
  std::vector<std::string> settings = {};
  std::vector<std::string> arms = {};
  std::vector<std::string> grid = {};
  std::vector<int64_t> seeds = {};
  int64_t count = 256;
  std::vector<std::string> readouts = {};
  ExpectConfig expect = {};

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("recipe", self.recipe,
          "All runs have this recipe in common; its path is relative to this file.");
    visit("question", self.question, "The study asks this question.");
    visit("prediction", self.prediction, "This answer is expected, by whom it names.");
    visit("settings", self.settings,
          "All runs change these keys of the recipe, written path=value.");
    visit("arms", self.arms,
          "Each arm changes these keys besides, written 'name: path=value; path=value'.");
    visit("grid", self.grid,
          "Each line is a dimension, written 'path=value,value', or 'name: path=value; ... | name: "
          "...'.");
    visit("seeds", self.seeds,
          "Each arm has a run for each of these seeds; if empty, for the recipe's.");
    visit("count", self.count, "Each measure takes this many documents and pictures.");
    visit("readouts", self.readouts,
          "These measures are shown; if empty, the usual ones that there are.");
    visit("expect", self.expect, "This section says what `tessera check` should measure.");
  }

  std::string Problem() const { return count < 1 ? "count must be at least 1" : ""; }
};

// A study file, or a recipe, which is a study of one arm. Its recipe is named as it is found.
absl::StatusOr<StudyConfig> ReadStudy(const std::string& path, const Files& files);

struct PlannedRun {
  std::string arm;
  int64_t seed = 0;
  std::string problem;  // what refuses these settings; empty: they are fine
  RunConfig config;

  std::string name() const { return arm + ",seed=" + std::to_string(seed); }
};

struct StudyPlan {
  StudyConfig study;
  std::vector<Choice> arms;
  std::vector<PlannedRun> runs;  // each arm with the first seed, then each with the next
};

// Settings that do not go together become the problem of their run. What cannot be read is an
// error, and so is a study of problems alone.
absl::StatusOr<StudyPlan> PlanStudy(const StudyConfig& study, const Files& files);

}  // namespace tessera
