#include "analysis/ablation/recipe_check.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analysis/ablation/child_process.h"
#include "analysis/ablation/study_plan.h"
#include "analysis/report/run_log.h"
#include "config/status.h"
#include "config/suggest.h"
#include "config/toml.h"
#include "files/json.h"
#include "run/recipe.h"

namespace tessera {
namespace {

constexpr char kRecord[] = "check.txt";  // tells a folder that a check wrote from others

// "gmm" in "gmm/scene_accuracy"; empty in "scene_accuracy".
std::string ArmOf(const std::string& name) {
  const size_t slash = name.rfind('/');
  return slash == name.npos ? "" : name.substr(0, slash);
}

std::string MeasureOf(const std::string& name) { return name.substr(name.rfind('/') + 1); }

absl::StatusOr<std::vector<Expectation>> Parsed(const ExpectConfig& expect) {
  std::vector<Expectation> all;
  for (const std::string& bound : expect.bounds) {
    ASSIGN_OR_RETURN(all.emplace_back(), ParseExpectation(bound));
  }
  return all;
}

// The names that the bounds use.
std::vector<std::string> NamesIn(const std::vector<Expectation>& expectations) {
  std::vector<std::string> names;
  for (const Expectation& expectation : expectations) {
    for (const std::string& name : {expectation.measure, expectation.minus}) {
      if (!name.empty()) {
        names.push_back(name);
      }
    }
  }
  return names;
}

absl::Status CheckArms(const std::vector<std::string>& names, const std::string& path,
                       const std::vector<std::string>& arms) {
  for (const std::string& name : names) {
    const std::string arm = ArmOf(name);
    if (arms.empty() && !arm.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": expect.bounds: '", name,
                       "' names an arm, but a recipe has none; write '", MeasureOf(name), "'"));
    }
    if (!arms.empty() && std::ranges::find(arms, arm) == arms.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": expect.bounds: '", name, "' is of no arm of this study; write '",
                       Nearest(arm, arms), "/", MeasureOf(name), "'"));
    }
  }
  return absl::OkStatus();
}

// Means over the seeds of each arm, as "arm/measure".
absl::StatusOr<Metrics> ReadMeans(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  ASSIGN_OR_RETURN(const Json study, ParseJson(text));
  Metrics means;
  const Json* arms = study.Find("arms");
  if (arms == nullptr || arms->AsArray() == nullptr) {
    return absl::DataLossError(absl::StrCat("'", path, "' has no list arms"));
  }
  for (const Json& arm : *arms->AsArray()) {
    const Json *name = arm.Find("name"), *measures = arm.Find("measures");
    for (const auto& [measure, spread] : *measures->AsObject()) {
      means.emplace_back(absl::StrCat(*name->AsString(), "/", measure),
                         spread.Find("mean")->AsNumber());
    }
  }
  return means;
}

CheckResult Compare(const std::vector<Expectation>& expectations, const Metrics& measured) {
  CheckResult result;
  std::vector<std::string> known, measures;
  for (const auto& [name, value] : measured) {
    known.push_back(name);
    measures.push_back(MeasureOf(name));
  }
  for (const std::string& name : NamesIn(expectations)) {
    if (result.unknown.empty() && std::ranges::find(measures, MeasureOf(name)) == measures.end()) {
      result.unknown = absl::StrCat("nothing measured '", name, "'; the nearest is '",
                                    Nearest(name, known), "'");
    }
  }
  for (const Expectation& expected : expectations) {
    const double minus = expected.minus.empty() ? 0 : ValueOf(measured, expected.minus);
    result.comparisons.push_back({expected, ValueOf(measured, expected.measure) - minus});
  }
  return result;
}

class Checker {
 public:
  Checker(const CheckRequest& request, const Files& files, const CheckHooks& hooks)
      : request_(request), files_(files), hooks_(hooks) {}

  absl::StatusOr<CheckResult> Run() {
    ASSIGN_OR_RETURN(const ExpectConfig expect, ReadExpectations(request_.path, files_));
    ASSIGN_OR_RETURN(const std::vector<Expectation> expectations, Parsed(expect));
    RETURN_IF_ERROR(StartFolder());
    RETURN_IF_ERROR(RunBefore(expect.before));
    ASSIGN_OR_RETURN(const std::string toml, files_.Read(request_.path));
    const std::vector<std::string>& words = request_.cheap ? expect.cheap : expect.with;
    ASSIGN_OR_RETURN(const Metrics measured,
                     IsStudy(toml) ? MeasureStudy(words) : MeasureRecipe(words));
    return Compare(expectations, measured);
  }

 private:
  std::string InFolder(const char* name) const { return JoinPath(request_.folder, name); }

  absl::Status StartFolder() const {
    ASSIGN_OR_RETURN(const PathKind folder, files_.Kind(request_.folder));
    ASSIGN_OR_RETURN(const PathKind record, files_.Kind(InFolder(kRecord)));
    if (folder != PathKind::kNone && record == PathKind::kNone) {
      return absl::AlreadyExistsError(
          absl::StrCat("'", request_.folder, "' was not written by tessera check, which would ",
                       "replace it; name another --out"));
    }
    RETURN_IF_ERROR(files_.Remove(request_.folder));
    RETURN_IF_ERROR(files_.MakeFolder(request_.folder));
    return files_.Write(InFolder(kRecord),
                        absl::StrCat("tessera check ", request_.path, " ",
                                     absl::StrJoin(request_.overrides, " "), "\n"));
  }

  // The program is the shell's $0, to which the word `tessera` of a command leads.
  absl::Status RunBefore(const std::vector<std::string>& commands) const {
    std::error_code error;
    const auto program = std::filesystem::read_symlink(hooks_.program, error);
    for (const std::string& command : commands) {
      RETURN_IF_ERROR(Work({.program = "/bin/sh",
                            .arguments = {"-euc", "tessera() { \"$0\" \"$@\"; }; " + command,
                                          error ? hooks_.program : program.string()},
                            .out = InFolder("before.txt")}));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Metrics> MeasureRecipe(const std::vector<std::string>& words) const {
    const std::string run = InFolder("run");
    std::vector<std::string> train = {"train", request_.path, "--out", run};
    train.insert(train.end(), request_.overrides.begin(), request_.overrides.end());
    train.insert(train.end(), words.begin(), words.end());
    RETURN_IF_ERROR(Tessera(std::move(train), "train.txt"));
    std::vector<std::string> eval = {"eval", run};
    AddCount(&eval);
    RETURN_IF_ERROR(Tessera(std::move(eval), "eval.txt"));
    return ReadMetrics(run, files_);
  }

  absl::StatusOr<Metrics> MeasureStudy(const std::vector<std::string>& words) const {
    std::vector<std::string> ablate = {"ablate", request_.path, "--out", InFolder("study")};
    ablate.insert(ablate.end(), words.begin(), words.end());
    for (const std::string& setting : request_.overrides) {
      ablate.insert(ablate.end(), {"--set", setting});
    }
    AddCount(&ablate);
    RETURN_IF_ERROR(Tessera(std::move(ablate), "ablate.txt"));
    ASSIGN_OR_RETURN(Metrics means, ReadMeans(InFolder("study/study.json"), files_));
    return means.empty() ? absl::StatusOr<Metrics>(absl::FailedPreconditionError(
                               absl::StrCat(request_.path, ": no run of the study finished; see ",
                                            InFolder("study/report.html"))))
                         : means;
  }

  void AddCount(std::vector<std::string>* words) const {
    if (request_.count > 0) {
      words->insert(words->end(), {"--count", absl::StrCat(request_.count)});
    }
  }

  absl::Status Tessera(std::vector<std::string> words, const char* out) const {
    return Work({.program = hooks_.program, .arguments = std::move(words), .out = InFolder(out)});
  }

  absl::Status Work(ChildRequest child) const {
    child.stop = hooks_.stop;
    if (hooks_.on_progress) {
      child.on_tick = [this, out = child.out] { ShowLastLine(out); };
    }
    const std::string what = absl::StrJoin(child.arguments, " ");
    ASSIGN_OR_RETURN(const ChildEnd end, RunChild(child));
    if (hooks_.stop != nullptr && hooks_.stop->load()) {
      return absl::CancelledError(absl::StrCat("stopped while checking ", request_.path));
    }
    return end.problem.empty() ? absl::OkStatus()
                               : absl::FailedPreconditionError(absl::StrCat(
                                     request_.path, ": `", what, "` failed: ", end.problem));
  }

  void ShowLastLine(const std::string& path) const {
    std::string text = files_.Read(path).value_or("");
    absl::StripTrailingAsciiWhitespace(&text);
    hooks_.on_progress(text.substr(text.rfind('\n') + 1));
  }

  const CheckRequest& request_;
  const Files& files_;
  const CheckHooks& hooks_;
};

}  // namespace

absl::StatusOr<ExpectConfig> ReadExpectations(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const std::string toml, files.Read(path));
  ExpectConfig expect;
  std::vector<std::string> arms;
  if (IsStudy(toml)) {
    ASSIGN_OR_RETURN(const StudyConfig study, ReadStudy(path, files));
    ASSIGN_OR_RETURN(const StudyPlan plan, PlanStudy(study, files));
    std::ranges::transform(plan.arms, std::back_inserter(arms), &Choice::name);
    expect = study.expect;
  } else {
    Recipe recipe;
    RETURN_IF_ERROR(FromToml(toml, path, {}, &recipe));
    expect = recipe.expect;
  }
  if (expect.bounds.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path,
                                                   "' states nothing to expect; add [expect] with ",
                                                   "bounds = [\"scene_accuracy >= .98\"]"));
  }
  ASSIGN_OR_RETURN(const std::vector<Expectation> expectations, Parsed(expect));
  RETURN_IF_ERROR(CheckArms(NamesIn(expectations), path, arms));
  return expect;
}

absl::StatusOr<CheckResult> CheckRecipe(const CheckRequest& request, const Files& files,
                                        const CheckHooks& hooks) {
  return Checker(request, files, hooks).Run();
}

}  // namespace tessera
