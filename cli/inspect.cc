#include <ATen/Functions.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/open_run.h"
#include "config/status.h"
#include "config/toml.h"
#include "files/json.h"
#include "ops/hash.h"
#include "ops/pixels.h"
#include "run/picture_recipe.h"
#include "run/recipe.h"
#include "sequence/loader.h"
#include "train/memory.h"

namespace tessera {
namespace {

struct Arguments {
  std::string path;
  std::vector<std::string> overrides;
};

constexpr int64_t kPatchesLookedAt = 8;  // where the embedding is no matrix

std::string ShapeOf(const Tensor& tensor) {
  std::string shape;
  for (const int64_t size : tensor.sizes()) {
    shape += (shape.empty() ? "" : " x ") + std::to_string(size);
  }
  return shape.empty() ? "one number" : shape;
}

using Note = std::function<std::string_view(const Tensor&)>;

// Prints each tensor's name, type, shape, statistics and note. Returns how many numbers there are.
int64_t PrintTensors(const NamedTensors& tensors, const Note& note) {
  int64_t total = 0;
  for (const auto& [name, tensor] : tensors) {
    const Tensor values = tensor.detach().to(torch::kFloat64);
    const int64_t bad = tensor.numel() - at::isfinite(values).sum().item<int64_t>();
    std::cout << absl::StrFormat("%-56s %-8s %-16s", name, c10::toString(tensor.scalar_type()),
                                 ShapeOf(tensor));
    if (tensor.numel() > 0) {
      std::cout << absl::StrFormat(" mean %10.3g  deviation %9.3g  from %10.3g to %10.3g",
                                   values.mean().item<double>(),
                                   values.std(/*unbiased=*/false).item<double>(),
                                   values.min().item<double>(), values.max().item<double>());
    }
    std::cout << (bad > 0 ? absl::StrFormat("  %d NOT FINITE", bad) : "") << "  " << note(tensor)
              << "\n";
    total += tensor.numel();
  }
  return total;
}

void PrintParameters(const Run& run) {
  const bool adapted = !run.adapters.empty();
  const NamedTensors parameters = Parameters(*run.learner), adapters = run.adapters.Parameters();
  const LowRankChanges changes = run.adapters.Changes();
  std::cout << "\n# parameters\n";
  const int64_t total = PrintTensors(parameters, [&](const Tensor& parameter) {
    const bool changed = changes.contains(parameter.storage().unsafeGetStorageImpl());
    return adapted ? (changed ? "base + adapter" : "base")
                   : (parameter.requires_grad() ? "" : "frozen");
  });
  if (adapted) {
    std::cout << "\n# adapters, already part of the parameters\n";
    PrintTensors(adapters, [](const Tensor&) { return ""; });
  }
  int64_t trained = 0;
  for (const auto& [name, tensor] : adapted ? adapters : parameters) {
    trained += adapted || tensor.requires_grad() ? tensor.numel() : 0;
  }
  std::cout << total << " parameters\n";
  if (trained != total) {
    std::cout << trained << " trained\n";
  }
}

// A data set of one picture of noise for each grid, so that no data set is needed to look inside.
class NoisePictures : public Dataset {
 public:
  explicit NoisePictures(const LayoutSpec& layout) : layout_(layout) {}

  int64_t size() const override { return std::ssize(layout_.grids); }
  absl::StatusOr<Document> Get(int64_t index) const override {
    const PatchGrid grid = layout_.grids[index];
    Image image{grid.rows * layout_.patch, grid.cols * layout_.patch, {}};
    for (int64_t i = 0; i < 3 * image.height * image.width; ++i) {
      image.rgb.push_back(static_cast<uint8_t>(MixBits(i)));
    }
    return Document{{std::move(image)}};
  }

 private:
  const LayoutSpec& layout_;
};

absl::StatusOr<Batch> NoiseBatch(const Run& run) {
  const auto pictures = std::make_shared<const NoisePictures>(run.layout);
  DataConfig data;
  data.threads = 0;
  return MakeBatch({.dataset = pictures,
                    .tokenizer = run.tokenizer,
                    .layout = run.layout,
                    .data = data,
                    .documents = pictures->size()},
                   0);
}

// Takes the embedded patches from what the first layer reads. That is a sum with the embeddings of
// token, place and noise level, which are found by reading grey patches and are subtracted.
Tensor FromFirstLayer(Model& model, Batch batch) {
  const auto first_layer = [&] {
    Trace trace;
    model.Hidden(batch, {}, {.trace = &trace});
    const Tensor x_MW = trace.state_BTW.front().flatten(0, 1).to(torch::kFloat64);
    return at::index_select(x_MW, 0, batch.patch_slot_P);
  };
  const Tensor seen_PW = first_layer();
  batch.patch_PD = at::zeros_like(batch.patch_PD);
  const Tensor apart_PW = (seen_PW - first_layer()).to(batch.patch_PD.scalar_type());
  return apart_PW + model.patch_embedder().Embed(batch.patch_PD);
}

// Prints whether the pixels can be recovered from what the first layer reads.
void PrintLosslessness(Model& model, const Batch& batch) {
  const PatchEmbedder& embedder = model.patch_embedder();
  const Tensor& patch_PD = batch.patch_PD;
  const bool linear = embedder.Matrix().defined();
  const int64_t looked_at = linear ? 1 : std::min<int64_t>(kPatchesLookedAt, patch_PD.size(0));
  int64_t rank = patch_PD.size(1);
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (int64_t i = 0; i < looked_at; ++i) {
    const Tensor jacobian_WD = JacobianAt(embedder, patch_PD[i]);
    const Tensor singular = at::linalg_svdvals(jacobian_WD);
    rank = std::min(rank, at::linalg_matrix_rank(jacobian_WD).item<int64_t>());
    least = std::min(least, singular.min().item<double>());
    most = std::max(most, singular.max().item<double>());
  }
  std::cout << "\n# is the input lossless?\n"
            << absl::StrFormat("%s: rank %d of %d, singular values %.4g to %.4g\n",
                               linear ? "patch embedding"
                                      : absl::StrCat("derivative at ", looked_at, " patches"),
                               rank, patch_PD.size(1), least, most);
  if (linear) {
    const Tensor back_PD = RecoverPatches(embedder, FromFirstLayer(model, batch));
    std::cout << absl::StrFormat(
        "pixels recovered from the first layer's input: %d of %d values wrong\n",
        (PixelValues(back_PD) != PixelValues(patch_PD)).sum().item<int64_t>(), patch_PD.numel());
  }
}

// Prints how many pictures the codes distinguish, beside how many there are.
void PrintCapacity(const Run& run) {
  const PatchAutoencoder& autoencoder = *run.autoencoder;
  const int64_t vectors = autoencoder.vectors(), codes = NumCodes(autoencoder.radices());
  std::cout << "\n# what the codes can hold\n";
  for (const PatchGrid& grid : run.layout.grids) {
    const int64_t raw = 8 * grid.size() * PatchDim(run.layout.patch);
    const double bits = autoencoder.bits() * static_cast<double>(grid.size());
    std::cout << absl::StrFormat(
        "a picture of %dx%d patches: %d codes of %d, %.0f bits of the %d of its 8-bit numbers (1 "
        "in %.1f): of more than 2^%.0f pictures some have the same codes\n",
        grid.rows, grid.cols, grid.size() * vectors, codes, bits, raw,
        static_cast<double>(raw) / bits, bits);
  }
}

absl::Status InspectRun(const std::string& path) {
  ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun({.path = path, .finite = false}));
  const Run& run = opened.run;
  std::cout << ToToml(run.config);
  PrintParameters(run);
  const InputKind input = run.config.model.input.kind;
  if (run.model != nullptr && input != InputKind::kCodes &&
      input != InputKind::kResampler) {  // whose slots hold no patch of their own
    ASSIGN_OR_RETURN(const Batch batch, NoiseBatch(run));
    PrintLosslessness(*run.model, batch);
  }
  if (run.config.model.autoencoder.quantises()) {
    PrintCapacity(run);
  }
  return absl::OkStatus();
}

// What training by a recipe would take, part by part.
absl::Status InspectRecipe(const Arguments& arguments, const std::shared_ptr<const Files>& files) {
  RunConfig config;
  ASSIGN_OR_RETURN(const std::string toml, ReadRecipe(arguments.path, *files));
  RETURN_IF_ERROR(FromRecipe(toml, arguments.path, arguments.overrides, &config));
  const FreeMemory memory = MeasureProgram(config.train.precision, *files);
  RETURN_IF_ERROR(CheckMemory(config, LeastDocument(config), memory));
  ASSIGN_OR_RETURN(const auto dataset, OpenDataset(config, Split::kTrain, files));
  ASSIGN_OR_RETURN(const DocumentSize document, MeanDocument(*dataset));
  const std::vector<MemoryPart> parts = PredictMemory(config, document, memory.resident);
  std::cout << "# memory of training\n";
  const auto print = [](const std::string& name, double bytes) {
    std::cout << absl::StrFormat("%-32s %10.1f MB\n", name, bytes / 1e6);
  };
  for (const MemoryPart& part : parts) {
    print(part.name, part.bytes);
  }
  print("together", TotalOf(parts));
  return CheckMemory(config, document, memory);
}

// How a picture was drawn.
absl::Status InspectPicture(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const std::string png, files.Read(path));
  const auto recipe = RecipeIn(png);
  const auto json = recipe.ok() ? ParseJson(*recipe) : recipe.status();
  if (!json.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "' is ", json.status().message()));
  }
  std::cout << DumpJson(*json, /*indented=*/true) << "\n";
  return absl::OkStatus();
}

absl::Status RunInspect(const Arguments& arguments) {
  const std::string& path = arguments.path;
  const torch::NoGradGuard no_grad;
  const auto files = std::make_shared<const Files>();
  ASSIGN_OR_RETURN(const PathKind kind, files->Kind(path));
  if (kind == PathKind::kFile && absl::EndsWith(path, ".toml")) {
    return InspectRecipe(arguments, files);
  }
  if (!arguments.overrides.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' is no recipe (.toml): it has no keys to change"));
  }
  if (kind != PathKind::kFile) {
    return InspectRun(path);
  }
  if (absl::EndsWithIgnoreCase(path, ".png")) {
    return InspectPicture(path, *files);
  }
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(*files, path));
  std::cout << PrintTensors(tensors, [](const Tensor&) { return ""; }) << " numbers\n";
  return absl::OkStatus();
}

}  // namespace

Command AddInspect(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  app.add_option("run", arguments->path,
                 "Look inside this run folder, checkpoint folder or .safetensors file; of a recipe "
                 "(.toml), print how much memory training would take; of a drawn picture (.png), "
                 "how it was drawn.")
      ->required();
  AddWords(app, "overrides", &arguments->overrides, "Change keys of the recipe, path=value.");
  app.footer(
      "Example: tessera inspect runs/shapes\n"
      "         tessera inspect recipes/shapes.toml train.batch=256\n"
      "         tessera inspect runs/shapes/checkpoints/step-000500/ema.safetensors\n"
      "         tessera inspect generated/images/000000_1.png");
  return [arguments] { return RunInspect(*arguments); };
}

}  // namespace tessera
