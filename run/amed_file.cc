#include "run/amed_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "config/status.h"
#include "config/toml.h"
#include "run/named_tensors.h"

namespace tessera {
namespace {

constexpr char kSettings[] = "amed.toml";
constexpr char kTensors[] = "amed.safetensors";

CheckpointFolder AmedFolder(const std::string& checkpoint, const Files& files) {
  return CheckpointFolder(files, JoinPath(checkpoint, "amed"));
}

// Whether a key of [generate] changes the curve that the predictor was fitted to.
bool Matters(const std::string& key) {
  return key.starts_with("guidance") || key == "image_guidance" || key == "negative" ||
         (key.starts_with("sampler.") && key != "sampler.temperature");
}

absl::Status Missing(const std::string& path, int64_t steps,
                     const std::vector<Checkpoint>& fitted) {
  const std::string fit =
      absl::StrCat("fit one with `tessera amed ", path, " --evaluations ", 2 * steps + 1, "`");
  if (fitted.empty()) {
    return absl::NotFoundError(
        absl::StrCat("sampler amed: this checkpoint of '", path, "' has no predictor; ", fit));
  }
  const std::string have = absl::StrJoin(fitted, ", ", [](std::string* out, const Checkpoint& one) {
    absl::StrAppend(out, one.step);
  });
  return absl::NotFoundError(
      absl::StrCat("sampler amed: '", path, "' has no predictor for ", steps, " steps but for ",
                   have, "; set sampler.steps=", fitted.front().step, ", or ", fit));
}

absl::StatusOr<AmedSettings> ReadSettings(const Checkpoint& fitted, const Files& files) {
  const std::string path = JoinPath(fitted.path, kSettings);
  ASSIGN_OR_RETURN(const std::string toml, files.Read(path));
  AmedSettings settings;
  RETURN_IF_ERROR(FromDump(toml, path, {}, &settings));
  return settings;
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
  const std::vector<FieldInfo> before = ListFields(have), after = ListFields(want);
  std::vector<std::string> overrides;
  for (size_t i = 0; i < after.size(); ++i) {
    const FieldInfo& is = after[i];
    if (is.active && Matters(is.path) && (!before[i].active || before[i].value != is.value)) {
      overrides.push_back(absl::StrCat(prefix, is.path, "=", is.value));
    }
  }
  return absl::StrJoin(overrides, " ");
}

absl::Status SaveAmed(const std::string& checkpoint, const AmedSettings& settings,
                      const AmedPredictor& predictor, const Files& files) {
  return AmedFolder(checkpoint, files)
      .Save(settings.generate.sampler.steps,
            {{kSettings, ToToml(settings)}, {kTensors, Parameters(predictor)}});
}

absl::StatusOr<std::vector<AmedSettings>> FittedAmeds(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const std::vector<Checkpoint> fitted,
                   AmedFolder(FindCheckpoint(path, files), files).List());
  std::vector<AmedSettings> all;
  for (const Checkpoint& one : fitted) {
    ASSIGN_OR_RETURN(all.emplace_back(), ReadSettings(one, files));
  }
  return all;
}

absl::Status LoadAmed(const std::string& path, const Files& files, Run* run) {
  const GenerateConfig& config = run->config.generate;
  if (config.sampler.kind != SamplerKind::kAmed) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<Checkpoint> fitted,
                   AmedFolder(FindCheckpoint(path, files), files).List());
  const auto found = std::ranges::find(fitted, config.sampler.steps, &Checkpoint::step);
  if (found == fitted.end()) {
    return Missing(path, config.sampler.steps, fitted);
  }
  ASSIGN_OR_RETURN(const AmedSettings settings, ReadSettings(*found, files));
  RETURN_IF_ERROR(CheckFittedFor(settings.generate, config, path));
  auto predictor = std::make_shared<AmedPredictor>(settings.amed, run->model->joint_dim());
  const std::string tensors_path = JoinPath(found->path, kTensors);
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files, tensors_path));
  RETURN_IF_ERROR(CopyByName(tensors, tensors_path, Parameters(*predictor)));
  predictor->to(run->model->device());
  run->model->image_head().SetAmed(std::move(predictor));
  return absl::OkStatus();
}

}  // namespace tessera
