#include "run/amed_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "config/difference.h"
#include "config/status.h"
#include "config/toml.h"
#include "run/named_tensors.h"

namespace tessera {
namespace {

constexpr char kSettings[] = "amed.toml";
constexpr char kTensors[] = "amed.safetensors";

constexpr char kEvaluations[] = "evaluations-";
constexpr char kSteps[] = "step-";  // how earlier versions named the folders, by sampler.steps

CheckpointFolder AmedFolder(const std::string& checkpoint, const Files& files, const char* prefix) {
  return CheckpointFolder(files, JoinPath(checkpoint, "amed"), prefix);
}

// One predictor that lies in a checkpoint, and what it was fitted for.
struct Fitted {
  std::string path;
  AmedSettings settings;

  int64_t evaluations() const { return Evaluations(settings.generate.sampler); }
};

// Lists all predictors of a checkpoint, those that earlier versions saved last.
absl::StatusOr<std::vector<Fitted>> ListFitted(const std::string& checkpoint, const Files& files) {
  std::vector<Fitted> all;
  for (const char* prefix : {kEvaluations, kSteps}) {
    ASSIGN_OR_RETURN(const std::vector<Checkpoint> folders,
                     AmedFolder(checkpoint, files, prefix).List());
    for (const Checkpoint& folder : folders) {
      const std::string path = JoinPath(folder.path, kSettings);
      ASSIGN_OR_RETURN(const std::string toml, files.Read(path));
      Fitted& fitted = all.emplace_back();
      fitted.path = folder.path;
      RETURN_IF_ERROR(FromDump(toml, path, {}, &fitted.settings));
    }
  }
  return all;
}

// Whether a key of [generate] changes the curve that the predictor was fitted to.
bool ChangesCurve(const std::string& key) {
  return key.starts_with("guidance") || key == "image_guidance" || key == "negative" ||
         (key.starts_with("sampler.") && key != "sampler.temperature");
}

absl::Status Missing(const std::string& path, const GenerateConfig& now,
                     const std::vector<Fitted>& all) {
  const int64_t evaluations = Evaluations(now.sampler);
  const std::string fit =
      absl::StrCat("fit one with `tessera amed ", path, " --evaluations ", evaluations, "`");
  if (all.empty()) {
    return absl::NotFoundError(
        absl::StrCat("sampler amed: this checkpoint of '", path, "' has no predictor; ", fit));
  }
  const std::string have = absl::StrJoin(all, ", ", [](std::string* out, const Fitted& one) {
    absl::StrAppend(out, one.evaluations());
  });
  return absl::NotFoundError(absl::StrCat(
      "sampler amed: '", path, "' has no predictor for ", evaluations, " evaluations but for ",
      have, "; use it with --set ", Overrides(now, all.front().settings.generate), ", or ", fit));
}

absl::Status CheckFittedFor(const GenerateConfig& fitted, const GenerateConfig& now,
                            const std::string& path) {
  const std::string was = Overrides(now, fitted);
  const std::string is = Overrides(fitted, now, "generate.");
  if (was.empty() && is.empty()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("sampler amed: the predictor of '", path, "' was fitted with other settings; ",
                   was.empty() ? "" : absl::StrCat("use it with --set ", was, ", or "),
                   "fit one with `tessera amed ", path, " --evaluations ", Evaluations(now.sampler),
                   is.empty() ? "" : " --set ", is, "`"));
}

}  // namespace

std::string Overrides(const GenerateConfig& have, const GenerateConfig& want,
                      const std::string& prefix) {
  return absl::StrJoin(Differences(have, want, ChangesCurve), " ",
                       [&](std::string* out, const Difference& one) {
                         absl::StrAppend(out, prefix, one.path, "=", one.is);
                       });
}

absl::Status SaveAmed(const std::string& checkpoint, const AmedSettings& settings,
                      const AmedPredictor& predictor, const Files& files) {
  return AmedFolder(checkpoint, files, kEvaluations)
      .Save(Evaluations(settings.generate.sampler),
            {{kSettings, ToToml(settings)}, {kTensors, Parameters(predictor)}});
}

absl::StatusOr<std::vector<AmedSettings>> FittedAmeds(const Run& run, const Files& files) {
  ASSIGN_OR_RETURN(const std::vector<Fitted> fitted, ListFitted(run.checkpoint, files));
  std::vector<AmedSettings> all;
  for (const Fitted& one : fitted) {
    all.push_back(one.settings);
  }
  return all;
}

absl::Status LoadAmed(const std::string& path, const Files& files, Run* run) {
  const GenerateConfig& config = run->config.generate;
  if (config.sampler.kind != SamplerKind::kAmed) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<Fitted> all, ListFitted(run->checkpoint, files));
  const auto found = std::ranges::find(all, Evaluations(config.sampler), &Fitted::evaluations);
  if (found == all.end()) {
    return Missing(path, config, all);
  }
  const AmedSettings& settings = found->settings;
  RETURN_IF_ERROR(CheckFittedFor(settings.generate, config, path));
  auto predictor = std::make_shared<AmedPredictor>(settings.amed, run->model->joint_dim());
  const std::string tensors_path = JoinPath(found->path, kTensors);
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files, tensors_path));
  RETURN_IF_ERROR(CopyByName(tensors, tensors_path, Parameters(*predictor)));
  predictor->to(run->model->device());
  run->amed = std::move(predictor);
  return absl::OkStatus();
}

}  // namespace tessera
