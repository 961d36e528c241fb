// What the numbers of a recipe or study should be, as its [expect] section states it and
// `tessera check` verifies it:
//   scene_accuracy >= .98                              a measure of a recipe (tessera eval)
//   gmm/scene_accuracy <= .1                           the mean of an arm of a study
//   mse/scene_accuracy - gmm/scene_accuracy >= .3      a difference between arms
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

struct Expectation {
  std::string measure;
  std::string minus;  // the measure to subtract; empty if there is none
  bool at_least;      // else the bound is an upper one
  double bound;

  // Whether the bound holds; NaN, which stands for what was not measured, holds nothing.
  bool Holds(double value) const { return at_least ? value >= bound : value <= bound; }

  // Returns the measure, or both with " - " between.
  std::string Name() const { return minus.empty() ? measure : measure + " - " + minus; }
};

// Reads one line of the forms above. Operators stand between spaces.
absl::StatusOr<Expectation> ParseExpectation(const std::string& text);

// The [expect] section. Training ignores it.
struct ExpectConfig {
  std::vector<std::string> bounds = {};
  std::vector<std::string> before = {};
  std::vector<std::string> with = {};
  std::vector<std::string> cheap = {};

  bool operator==(const ExpectConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("bounds", self.bounds,
          "Each line bounds a measure or a difference of two: 'scene_accuracy >= .98', "
          "'mse/scene_accuracy - gmm/scene_accuracy >= .3'.");
    visit("before", self.before,
          "The shell runs these commands first; `tessera` is the program that checks.");
    visit("with", self.with, "These words are added to `train`, or in a study to `ablate`.");
    visit("cheap", self.cheap, "These words replace those of `with` under --cheap.");
  }

  // Names the first bound that cannot be read.
  std::string Problem() const;
};

}  // namespace tessera
