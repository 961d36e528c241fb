#include "train/run.h"

#include <torch/utils.h>

#include <charconv>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "ops/random.h"

namespace tessera {

absl::StatusOr<std::vector<PatchGrid>> ParseGrids(const std::vector<std::string>& grids) {
  std::vector<PatchGrid> parsed;
  for (const std::string& text : grids) {
    PatchGrid grid;
    const char* end = text.data() + text.size();
    const auto rows = std::from_chars(text.data(), end, grid.rows);
    const bool cross = rows.ptr < end && *rows.ptr == 'x';
    const auto cols = std::from_chars(rows.ptr + cross, end, grid.cols);
    if (!cross || rows.ec != std::errc() || cols.ec != std::errc() || cols.ptr != end ||
        grid.rows < 1 || grid.cols < 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "model.grids: '", text, "' is no grid; write rows x columns in patches, such as 4x6"));
    }
    parsed.push_back(grid);
  }
  return parsed;
}

absl::StatusOr<Run> MakeRun(const RunConfig& config, Tokenizer tokenizer) {
  ASSIGN_OR_RETURN(std::vector<PatchGrid> grids, ParseGrids(config.model.grids));
  const Vocabulary vocabulary(tokenizer.size(), static_cast<int64_t>(grids.size()));
  LayoutSpec layout{vocabulary, config.model.patch, grids, config.data.fit};
  torch::manual_seed(MixSeed(config.seed, static_cast<uint64_t>(Stream::kInit), 0));
  auto model = std::make_shared<Model>(config.model, vocabulary, grids);
  return Run{config, std::move(tokenizer), std::move(layout), std::move(model)};
}

CheckpointFolder CheckpointsOf(const std::string& run, const Files& files) {
  return CheckpointFolder(files, JoinPath(run, "checkpoints"));
}

absl::StatusOr<Run> LoadRun(const std::string& path, const Files& files) {
  std::string folder = path;
  if (const auto best = CheckpointsOf(path, files).Best(); best.ok()) {
    folder = best->path;
  }
  const std::string config_path = JoinPath(folder, "config.toml");
  const auto toml = files.Read(config_path);
  if (!toml.ok()) {
    return absl::NotFoundError(absl::StrCat("'", path, "' is no run: ", toml.status().message()));
  }
  RunConfig config;
  RETURN_IF_ERROR(FromToml(*toml, config_path, {}, &config));
  ASSIGN_OR_RETURN(std::string model, files.Read(JoinPath(folder, "tokenizer.model")));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::Parse(std::move(model)));
  ASSIGN_OR_RETURN(Run run, MakeRun(config, std::move(tokenizer)));
  const std::string weights = JoinPath(folder, "ema.safetensors");
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files, weights));
  RETURN_IF_ERROR(CopyByName(tensors, weights, Parameters(*run.model)));
  run.model->eval();
  return run;
}

NamedTensors Parameters(const Model& model) {
  NamedTensors parameters;
  for (const auto& item : model.named_parameters()) {
    parameters.emplace_back(item.key(), item.value());
  }
  return parameters;
}

}  // namespace tessera
