#include "python/native_run.h"

#include <ATen/Functions.h>

#include <cmath>
#include <limits>

#include "analysis/measure/evaluate.h"
#include "analysis/probe/hidden_states.h"
#include "config/enum_names.h"
#include "data/document_reader.h"
#include "ops/random.h"
#include "python/errors.h"
#include "run/amed_file.h"
#include "sequence/packer.h"

namespace tessera {
namespace {

OpenedRun Open(const std::string& path, const std::string& device) {
  const auto kind = EnumFromName<DeviceKind>(device);
  if (!kind) {
    ThrowIfError(absl::InvalidArgumentError("device is cpu or cuda, not '" + device + "'"));
  }
  return ValueOrThrow(OpenRun({.path = path, .device = *kind, .needs = {CheckHasModel}}));
}

// The bound of a head that denoises needs a decoder, which is fitted to the run's training data.
std::optional<BinDecoder> DecoderOf(const OpenedRun& opened, const EvaluateOptions& options) {
  if (!DrawsInSteps(opened.run.config.model.head.kind)) {
    return std::nullopt;
  }
  std::shared_ptr<const Dataset> training =
      ValueOrThrow(OpenDataset(opened.run.config, Split::kTrain, opened.files));
  return ValueOrThrow(FitDecoder(opened.run, std::move(training), options));
}

// How documents are laid out to be scored: as they are, all texts of equal weight.
LayoutSpec ScoredLayout(const Run& run) {
  LayoutSpec layout = run.layout;
  layout.prompt_weight = 1;
  return layout;
}

}  // namespace

NativeRun::NativeRun(const std::string& path, const std::string& device)
    : path_(path), opened_(Open(path, device)) {}

Run NativeRun::WithSettings(const std::vector<std::string>& settings) const {
  Run changed = run();
  if (!settings.empty()) {
    ThrowIfError(FromToml("", "generate", settings, &changed.config.generate));
    if (const std::string problem = changed.config.Problem(); !problem.empty()) {
      ThrowIfError(absl::InvalidArgumentError("generate: " + problem));
    }
    ThrowIfError(LoadAmed(path_, *opened_.files, &changed));
  }
  return changed;
}

std::string NativeRun::Config() const { return ToToml(run().config); }

std::vector<std::vector<int64_t>> NativeRun::Grids() const {
  std::vector<std::vector<int64_t>> grids;
  for (const PatchGrid& grid : run().layout.grids) {
    grids.push_back({grid.rows, grid.cols});
  }
  return grids;
}

torch::Tensor NativeRun::ReadPicture(const std::string& file) const {
  return ToTensor(
      ValueOrThrow(tessera::ReadPicture(file, *opened_.files, run().config.data.max_pixels)));
}

std::vector<int64_t> NativeRun::Encode(const std::string& text) const {
  return run().tokenizer.Encode(text);
}

std::string NativeRun::Decode(const std::vector<int64_t>& ids) const {
  return run().tokenizer.Decode(ids);
}

c10::Dict<std::string, torch::Tensor> NativeRun::NamedParameters() const {
  c10::Dict<std::string, torch::Tensor> parameters;
  for (const auto& [name, tensor] : Parameters(*run().learner)) {
    parameters.insert(name, tensor.detach());
  }
  return parameters;
}

std::vector<Document> NativeRun::WholeDocuments(
    const std::vector<NativeDocument>& documents) const {
  LayoutSpec whole = run().layout;
  whole.max_slots = 0;
  std::vector<Document> result;
  for (const NativeDocument& native : documents) {
    const std::string name = absl::StrCat("document ", result.size());
    absl::StatusOr<Document> document = FromNative(native);
    if (!document.ok()) {
      ThrowIfError(
          absl::InvalidArgumentError(absl::StrCat(name, ", ", document.status().message())));
    }
    const int64_t slots = Layout(*document, whole, run().tokenizer).size();
    const int64_t most = run().layout.max_slots;
    if (most > 0 && slots > most) {
      ThrowIfError(absl::InvalidArgumentError(
          absl::StrCat(name, " needs ", slots, " slots, and this model was trained on ", most,
                       " (train.row_length); shorten it")));
    }
    result.push_back(*std::move(document));
  }
  if (result.empty()) {
    ThrowIfError(absl::InvalidArgumentError("there is no document to read; give one at least"));
  }
  return result;
}

std::tuple<torch::Tensor, std::string> NativeRun::Score(
    const std::vector<NativeDocument>& documents, int64_t seed, bool bits) const {
  const torch::NoGradGuard no_grad;
  Model& model = *run().model;
  bits = bits && model.objective().measures();
  Measuring measuring{std::numeric_limits<int64_t>::max(), run().config.generate.rounds};
  if (bits) {
    measuring.decoder = DecoderOf(opened_, {.seed = static_cast<uint64_t>(seed)});
  }
  const LayoutSpec layout = ScoredLayout(run());
  std::string kind;
  std::vector<double> scores;
  for (const Document& document : WholeDocuments(documents)) {
    const Batch plain = PackRows({Layout(document, layout, run().tokenizer)}, {{0}}, layout.patch);
    const Batch batch = plain.To(model.device());
    auto rng = MakeGenerator(model.device(), static_cast<uint64_t>(seed), Stream::kEvaluate, 0);
    const ModelLoss loss = model.Loss(batch, {1, 1}, rng);
    const LossCounts counts = model.Counts(plain);
    double bits_a_subpixel = NAN;
    if (bits && counts.image > 0) {
      const Likelihood likelihood = model.objective().Measure(batch, measuring, rng);
      bits_a_subpixel = likelihood.bits_N.mean().item<double>();
      kind = EnumName(likelihood.kind);
    }
    scores.insert(scores.end(),
                  {loss.text_sum.item<double>(), counts.text,
                   loss.image_sum.item<double>() / counts.image, counts.image, bits_a_subpixel});
  }
  return {at::tensor(scores, torch::kDouble).view({-1, 5}), kind};
}

std::tuple<std::vector<std::string>, std::vector<torch::Tensor>, torch::Tensor> NativeRun::States(
    const std::vector<NativeDocument>& documents) const {
  HiddenStates states = ReadHiddenStates(run(), WholeDocuments(documents));
  return {std::move(states.layers), std::move(states.state_NW), states.slot_NK};
}

}  // namespace tessera
