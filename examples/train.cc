// Trains a recipe and prints its losses:
//   train RECIPE.toml FOLDER [path=value ...]
#include <iostream>

#include "config/status.h"
#include "ops/allocator.h"
#include "run/recipe.h"
#include "train/trainer.h"

namespace tessera {
namespace {

absl::Status TrainRecipe(const std::string& recipe, const std::string& out,
                         const std::vector<std::string>& overrides) {
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(const std::string text, ReadRecipe(recipe, *files));
  RunConfig config;
  RETURN_IF_ERROR(FromRecipe(text, recipe, overrides, &config));
  TrainHooks hooks;
  hooks.on_report = [](const TrainReport& report) {
    std::cout << "step " << report.step << ": text " << report.text_loss << ", image "
              << report.image_loss << "\n";
  };
  return Train(config, {.out = out}, files, hooks);
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "train RECIPE.toml FOLDER [path=value ...]\n";
    return 2;
  }
  tessera::KeepFreedMemory();
  const absl::Status status = tessera::TrainRecipe(argv[1], argv[2], {argv + 3, argv + argc});
  std::cerr << status.message() << (status.ok() ? "" : "\n");
  return status.ok() ? 0 : 2;
}
