#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/ablation/recipe_check.h"
#include "analysis/report/machine.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "config/status.h"

namespace tessera {
namespace {

struct Arguments {
  std::vector<std::string> words;  // recipes, and path=value
  std::string out = "runs/check";
  int64_t count = 0;
  bool cheap = false;
};

// Returns the folder for a recipe: its file's name without the ending. Studies have theirs under
// studies/, so that a study and a recipe of one name stay apart.
std::string FolderOf(const Arguments& arguments, const std::string& recipe) {
  const std::string file = LastName(recipe), name = file.substr(0, file.rfind('.'));
  const bool study = recipe.find("studies/") != recipe.npos;
  return JoinPath(arguments.out, study ? absl::StrCat("studies/", name) : name);
}

void Print(const Comparison& row) {
  const Expectation& expected = row.expected;
  const std::string measured =
      std::isnan(row.measured) ? "missing" : absl::StrFormat("%.4g", row.measured);
  const std::string line = absl::StrFormat(
      "  %-60s %9s   expected %s %-8g %s\n", expected.Name(), measured,
      expected.at_least ? ">=" : "<=", expected.bound, row.holds() ? "ok" : "MISSES");
  (row.holds() ? Notes() : std::cout) << line;
}

// Returns how many bounds do not hold.
absl::StatusOr<int64_t> CheckOne(const CheckRequest& request, const Files& files) {
  CheckHooks hooks{.stop = ListenForStop()};
  if (ShowsProgress()) {
    hooks.on_progress = ShowLine;
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto result = CheckRecipe(request, files, hooks);
  ShowLine("");
  RETURN_IF_ERROR(result.status());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  Notes() << absl::StrFormat("%s, %.0f seconds\n", request.path, seconds.count());
  std::ranges::for_each(result->comparisons, Print);
  std::cout << std::flush;
  if (!result->unknown.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(request.path, ": ", result->unknown));
  }
  return std::ranges::count_if(result->comparisons, [](const auto& row) { return !row.holds(); });
}

// Makes one request a recipe. What cannot be checked is refused before the first is trained.
absl::StatusOr<std::vector<CheckRequest>> Requests(const Arguments& arguments, const Files& files) {
  std::vector<CheckRequest> requests;
  std::vector<std::string> overrides;
  for (const std::string& word : arguments.words) {
    if (word.find('=') != word.npos) {
      overrides.push_back(word);
      continue;
    }
    ASSIGN_OR_RETURN(const ExpectConfig expect, ReadExpectations(word, files));
    if (!arguments.cheap || !expect.cheap.empty()) {
      requests.push_back({.path = word,
                          .folder = FolderOf(arguments, word),
                          .cheap = arguments.cheap,
                          .count = arguments.count});
    }
  }
  for (CheckRequest& request : requests) {
    request.overrides = overrides;
  }
  return requests.empty() ? absl::StatusOr<std::vector<CheckRequest>>(absl::InvalidArgumentError(
                                arguments.cheap ? "--cheap: none of these states expect.cheap"
                                                : "name a recipe or a study to check"))
                          : requests;
}

absl::Status RunCheck(const Arguments& arguments) {
  const Files files;
  ASSIGN_OR_RETURN(const std::vector<CheckRequest> requests, Requests(arguments, files));
  int64_t misses = 0;
  for (const CheckRequest& request : requests) {
    ASSIGN_OR_RETURN(const int64_t more, CheckOne(request, files));
    misses += more;
  }
  return misses == 0 ? absl::OkStatus()
                     : Missed(absl::StrCat(Counted(misses, "expectation"), " missed"));
}

}  // namespace

Command AddCheck(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  AddWords(app, "recipe", &arguments->words,
           "Check these recipes and studies. A word of the form path=value changes that key "
           "in all of them.")
      ->required();
  app.add_option("--out", arguments->out,
                 "Write into this folder, where an earlier check of the same recipe is replaced.")
      ->capture_default_str();
  app.add_option("--count", arguments->count,
                 "Measure this many documents and pictures, instead of as many as eval or the "
                 "study takes.")
      ->check(AtLeast(1));
  app.add_flag("--cheap", arguments->cheap,
               "Check only what states expect.cheap, which makes it cheaper.");
  app.footer(
      "Each recipe is trained from nothing and measured, which takes as long as that takes, and "
      "is\n"
      "held against its [expect]. The exit code is 1 if a bound does not hold.\n"
      "Example: tessera check recipes/shapes.toml\n"
      "         tessera check --cheap recipes/studies/*.toml");
  return [arguments] { return RunCheck(*arguments); };
}

}  // namespace tessera
