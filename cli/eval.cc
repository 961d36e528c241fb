#include <CLI/CLI.hpp>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/commands.h"
#include "cli/device.h"
#include "config/status.h"
#include "config/toml.h"
#include "study/evaluate.h"

namespace tessera {
namespace {

struct Arguments {
  std::string run;
  std::vector<std::string> overrides;
  int64_t count = 512;
  DeviceKind device = DeviceKind::kCpu;
  bool json = false;
};

using Table = std::vector<std::pair<std::string, double>>;

absl::Status AddScenes(const Run& run, Split split, const std::string& name,
                       const EvaluateOptions& options, Table* table) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(const auto dataset, OpenDataset(run.config, split, files));
  ASSIGN_OR_RETURN(const SceneScore score, EvaluateScenes(run, *dataset, options));
  table->insert(table->end(), {{name + "scene_accuracy", score.scene},
                               {name + "shape_accuracy", score.shape},
                               {name + "colour_accuracy", score.colour},
                               {name + "size_accuracy", score.size},
                               {name + "template_distance", score.distance},
                               {name + "seconds_per_picture", score.seconds_per_picture}});
  ASSIGN_OR_RETURN(const double captions, EvaluateCaptions(run, *dataset, options));
  table->emplace_back(name + "caption_accuracy", captions);
  return absl::OkStatus();
}

absl::Status RunEval(const Arguments& arguments) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(Run run, LoadRun(arguments.run, *files, arguments.device));
  RETURN_IF_ERROR(FromToml("", "--set", arguments.overrides, &run.config.generate));
  EvaluateOptions options;
  options.count = arguments.count;
  options.on_progress = [](const std::string& what, double share) {
    std::cerr << absl::StrFormat("\r%s %3.0f%%  ", what, 100 * share) << std::flush;
  };
  Table table;
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> test,
                   OpenDataset(run.config, Split::kTest, files));
  if (test->size() > 0) {
    ASSIGN_OR_RETURN(const HeldOutLoss loss, EvaluateLoss(run, test, options));
    table = {{"text_nats", loss.text},
             {"text_perplexity", std::exp(loss.text)},
             {"image_loss", loss.image}};
    for (size_t i = 0; i < loss.image_by_level.size(); ++i) {
      table.emplace_back(absl::StrFormat("clean_error_at_%.2f", (i + 0.5) / 10),
                         loss.image_by_level[i]);
    }
  }
  if (run.config.data.kind == DataKind::kShapes) {
    RETURN_IF_ERROR(AddScenes(run, Split::kTest, "", options, &table));
    RETURN_IF_ERROR(AddScenes(run, Split::kHeldOut, "held_out_", options, &table));
  }
  std::cerr << "\n";
  nlohmann::ordered_json json;
  for (const auto& [name, value] : table) {
    json[name] = value;
    if (!arguments.json) {
      std::cout << absl::StrFormat("%-32s %.4f\n", name, value);
    }
  }
  if (arguments.json) {
    std::cout << json.dump(2) << "\n";
  }
  return absl::OkStatus();
}

}  // namespace

Command AddEval(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("run", arguments->run, "a run or checkpoint folder")->required();
  app.add_option("--set", arguments->overrides, "key=value of [generate], such as guidance=1");
  app.add_option("--count", arguments->count, "prompts and pictures to judge");
  app.add_flag("--json", arguments->json, "a JSON object instead of a table");
  AddDeviceOption(app, &arguments->device);
  app.footer("Example: tessera eval runs/shapes --count 256");
  return [arguments] { return RunEval(*arguments); };
}

}  // namespace tessera
