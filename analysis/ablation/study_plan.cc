#include "analysis/ablation/study_plan.h"

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "run/recipe.h"

namespace tessera {
namespace {

bool IsSeeds(const Grid& grid) {
  return std::ranges::all_of(grid, [](const Choice& choice) {
    return choice.settings.size() == 1 && KeyOf(choice.settings.front()) == "seed";
  });
}

absl::StatusOr<std::vector<int64_t>> SeedsOf(const Grid& grid) {
  std::vector<int64_t> seeds;
  for (const Choice& choice : grid) {
    const std::string value = choice.settings.front().substr(5);
    int64_t seed = 0;
    if (!absl::SimpleAtoi(value, &seed) || std::ranges::count(seeds, seed) > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("seed=", value, ": seeds are integers, each named once"));
    }
    seeds.push_back(seed);
  }
  return seeds;
}

// The arms, and the seeds if a grid names them.
absl::Status ReadGrids(const StudyConfig& study, StudyPlan* plan) {
  std::vector<Grid> grids;
  if (!study.arms.empty()) {
    grids.emplace_back();
    for (const std::string& arm : study.arms) {
      ASSIGN_OR_RETURN(Choice choice, ParseChoice(arm));
      grids.back().push_back(std::move(choice));
    }
  }
  for (const std::string& text : study.grid) {
    ASSIGN_OR_RETURN(Grid grid, ParseGrid(text));
    if (IsSeeds(grid)) {
      ASSIGN_OR_RETURN(plan->study.seeds, SeedsOf(grid));
    } else {
      grids.push_back(std::move(grid));
    }
  }
  ASSIGN_OR_RETURN(plan->arms, Combine(grids));
  return absl::OkStatus();
}

// A problem of the settings stays in the run; an error is one of their text.
absl::StatusOr<PlannedRun> PlanRun(const StudyPlan& plan, const std::string& toml,
                                   const Choice& arm, std::optional<int64_t> seed) {
  PlannedRun run{.arm = arm.name, .problem = "", .config = {}};
  std::vector<std::string> settings = plan.study.settings;
  settings.insert(settings.end(), arm.settings.begin(), arm.settings.end());
  if (seed) {
    settings.push_back(absl::StrCat("seed=", *seed));
  }
  const absl::Status status = FromRecipe(toml, plan.study.recipe, settings, &run.config);
  if (!status.ok() && !absl::IsFailedPrecondition(status)) {
    return status;
  }
  run.problem = std::string(status.message());
  run.seed = seed.value_or(run.config.seed);
  return run;
}

}  // namespace

absl::StatusOr<StudyConfig> ReadStudy(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const std::string toml, files.Read(path));
  StudyConfig study;
  if (!IsStudy(toml)) {
    study.recipe = path;
    return study;
  }
  RETURN_IF_ERROR(FromToml(toml, path, {}, &study));
  const size_t slash = path.rfind('/');
  study.recipe = JoinPath(slash == std::string::npos ? "" : path.substr(0, slash), study.recipe);
  return study;
}

absl::StatusOr<StudyPlan> PlanStudy(const StudyConfig& study, const Files& files) {
  ASSIGN_OR_RETURN(const std::string toml, ReadRecipe(study.recipe, files));
  StudyPlan plan{.study = study, .arms = {}, .runs = {}};
  RETURN_IF_ERROR(ReadGrids(study, &plan));
  std::vector<std::optional<int64_t>> seeds(plan.study.seeds.begin(), plan.study.seeds.end());
  if (seeds.empty()) {
    seeds.emplace_back();
  }
  for (const std::optional<int64_t> seed : seeds) {
    for (const Choice& arm : plan.arms) {
      ASSIGN_OR_RETURN(PlannedRun run, PlanRun(plan, toml, arm, seed));
      plan.runs.push_back(std::move(run));
    }
  }
  const auto refused = [](const PlannedRun& run) { return !run.problem.empty(); };
  if (std::ranges::all_of(plan.runs, refused)) {
    return absl::InvalidArgumentError(plan.runs.front().problem);
  }
  return plan;
}

}  // namespace tessera
