#include "analysis/measure/flops.h"

#include <ATen/record_function.h>
#include <torch/types.h>

#include <atomic>
#include <string_view>

#include "analysis/measure/captioned.h"
#include "config/status.h"
#include "run/parameter_role.h"
#include "sequence/loader.h"
#include "train/optimizer/optimizer.h"
#include "train/step_gradient.h"

namespace tessera {
namespace {

using Arguments = c10::ArrayRef<const c10::IValue>;

constexpr double kGiga = 1e9;
constexpr int64_t kPictures = 8;  // drawn at once

std::atomic<double> counted = 0;  // LibTorch calls a plain function

double Numel(const c10::IValue& tensor) { return static_cast<double>(tensor.toTensor().numel()); }

double Size(const c10::IValue& tensor, int64_t axis) {
  return static_cast<double>(tensor.toTensor().size(axis));
}

// For input [B, C, H, W] and weight [O, I, h, w]: a product of the weight for every output number.
// A list of one number is for all axes.
double Convolution(Arguments arguments) {
  const Tensor& input = arguments[0].toTensor();
  const auto along = [&](size_t argument, int64_t axis) {
    const std::vector<int64_t> list = arguments[argument].toIntVector();
    return list.size() == 1 ? list.front() : list.at(axis);
  };
  double outputs = static_cast<double>(input.size(0));
  for (int64_t axis = 0; axis + 2 < input.dim(); ++axis) {
    const int64_t stride = along(3, axis), padding = along(4, axis), dilation = along(5, axis);
    const int64_t reach = dilation * (arguments[1].toTensor().size(axis + 2) - 1);
    const int64_t last = input.size(axis + 2) + 2 * padding - reach - 1;
    outputs *= static_cast<double>(last / stride + 1);
  }
  return 2 * outputs * Numel(arguments[1]);
}

// A convolution's product for each gradient that is asked for, of the input and of the weight.
double ConvolutionBackward(Arguments arguments) {
  const double outputs = Numel(arguments[0]) / Size(arguments[2], 0);
  const auto wanted = arguments.back().toBoolList();
  return 2 * outputs * Numel(arguments[2]) * (wanted.get(0) + wanted.get(1));
}

// q [B, H, T, E], k [B, H, S, E]: q k' and p v; backward computes q k' again and four more.
double FusedAttention(Arguments arguments, bool backward) {
  const size_t q = backward ? 1 : 0;
  return (backward ? 10 : 4) * Numel(arguments[q]) * Size(arguments[q + 1], 2);
}

double FlopsOf(std::string_view name, Arguments arguments) {
  constexpr std::string_view kFused = "aten::_scaled_dot_product_";
  if (name == "aten::mm" || name == "aten::bmm" || name == "aten::mv") {
    return 2 * Numel(arguments[0]) * (name == "aten::mv" ? 1 : Size(arguments[1], -1));
  }
  if (name == "aten::addmm" || name == "aten::baddbmm" || name == "aten::addmv") {
    return 2 * Numel(arguments[1]) * (name == "aten::addmv" ? 1 : Size(arguments[2], -1));
  }
  if (name == "tessera::multiply_few_rows") {
    return 2 * Numel(arguments[0]) * Size(arguments[1], 0);
  }
  if (name == "tessera::cached_attention") {  // q [B, T, H, E], k [B, S, G, E]
    return 4 * Numel(arguments[0]) * Size(arguments[1], 1);
  }
  if (name == "aten::convolution") {
    return Convolution(arguments);
  }
  if (name == "aten::convolution_backward") {
    return ConvolutionBackward(arguments);
  }
  if (name.starts_with(kFused) && name != "aten::_scaled_dot_product_attention_math") {
    return FusedAttention(arguments, name.ends_with("_backward"));
  }
  return 0;
}

std::unique_ptr<at::ObserverContext> Count(const at::RecordFunction& call) {
  counted += FlopsOf(call.name(), call.inputs());
  return nullptr;
}

// The first step of the run again, but with a rate of 0, so that the parameters stay as they are.
absl::StatusOr<double> StepFlops(const Run& run, const std::shared_ptr<const Dataset>& training) {
  const TrainConfig& config = run.config.train;
  BatchSource source{training, run.tokenizer, run.layout, run.config.data, config.batch};
  source.seed = static_cast<uint64_t>(run.config.seed);
  StepInput input{.batches = {}, .seed = run.config.seed, .step = 0};
  for (int64_t i = 0; i < config.accumulate; ++i) {
    ASSIGN_OR_RETURN(Batch batch, MakeBatch(source, i));
    input.batches.push_back(std::move(batch));
  }
  const at::AutoGradMode with_gradients(true);
  Optimizer optimizer(Trained(run), RolesInTraining(*run.learner), config);
  const Ranks alone;
  GradientSum sum(TrainedTensors(run), alone);
  Interval ignored;
  const FlopCounter counter;
  const LowRankScope adapted(run.adapters.ChangesInStep(0));
  AddGradient(*run.model, input, config, {alone, sum}, &ignored);
  optimizer.Step(/*lr_factor=*/0);
  const double flops = counter.flops();
  run.model->zero_grad();
  optimizer.ZeroGrad();
  return flops;
}

}  // namespace

FlopCounter::FlopCounter() {
  counted = 0;
  handle_ = at::addGlobalCallback(
      at::RecordFunctionCallback(Count).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

FlopCounter::~FlopCounter() { at::removeCallback(handle_); }

double FlopCounter::flops() const { return counted; }

absl::Status AddCost(const Run& run, const std::shared_ptr<const Dataset>& training,
                     const Dataset& test, const EvaluateOptions& options, Metrics* metrics) {
  double parameters = 0;
  for (const auto& [name, tensor] : Parameters(*run.model)) {
    parameters += static_cast<double>(tensor.numel());
  }
  ASSIGN_OR_RETURN(const double step, StepFlops(run, training));
  metrics->insert(metrics->end(),
                  {{"parameters", parameters}, {"training_step_gflop", step / kGiga}});
  ASSIGN_OR_RETURN(const auto pictures, CaptionedPictures(test, kPictures));
  if (!pictures.empty() && run.config.generates_images()) {
    std::vector<Document> captions;
    for (const CaptionedPicture& picture : pictures) {
      captions.push_back({{picture.caption}});
    }
    Run counted_run = run;  // packed weights make the same products without LibTorch's observers
    counted_run.config.generate.engine = EngineKind::kPlain;
    const FlopCounter counter;
    Draw(counted_run, captions, {.count = options.count, .seed = options.seed});
    metrics->emplace_back("picture_gflop",
                          counter.flops() / kGiga / static_cast<double>(captions.size()));
  }
  return absl::OkStatus();
}

}  // namespace tessera
