// M = slots of a batch, T = slots of a row, W = width, V = ids, K = noise draws a patch.
#include "train/memory.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "heads/image_head.h"
#include "ops/autocast.h"
#include "train/parameter_count.h"

namespace tessera {
namespace {

constexpr double kFloat = 4, kBf16 = 2, kGibi = 1024. * 1024 * 1024;
// Measured (docs/performance.md): the share of a pass that a heap which keeps freed memory holds in
// gaps too small for what is asked for next, and what products in bf16, the tokenizer and the
// writing of checkpoints need for a while.
constexpr double kGaps = 0.4, kWorkspace = 40e6;
constexpr double kShareOfFree = 0.9;
constexpr double kLayerObjects = 300e3;  // modules, tensors and graph nodes of a layer
constexpr double kExplicitKeys = 256;    // ops/attention.cc: more have no weights that are kept
constexpr double kSheetPictures = 32;    // analysis/report/sample_sheet.cc
constexpr double kPrepared = 16 << 20;   // bytes of modulations, heads/diffusion/denoiser.cc
constexpr double kBatchesAThread = 2;    // sequence/loader.cc

// What a batch is like.
struct BatchSize {
  double rows, row;  // row: T
  double text, patches;

  double slots() const { return rows * row; }  // M
};

double LargestPicture(const ModelConfig& model) {
  double most = 0;
  for (const GridSize& grid : GridSizes(model)) {
    most = std::max(most, grid.patches());
  }
  return most;
}

// Documents are cut to a row, and a row holds as many as fit.
BatchSize SizeOfBatch(const RunConfig& config, const DocumentSize& document) {
  const double longest = Number(config.train.row_length), batch = Number(config.train.batch);
  const double picture = LargestPicture(config.model),
               around = Number(config.model.arrangement.patches_at_once()) + 1;
  const double whole = document.text_slots + document.pictures * (picture + around) + 2;
  const double slots = std::min(whole, longest), share = slots / whole;
  const double in_row = std::min(std::max(std::floor(longest / slots), 1.), batch);
  const double row = std::min(std::ceil(in_row * slots / 8) * 8, longest);
  return {std::ceil(batch / in_row), row, batch * share * (document.text_slots + 2),
          batch * share * document.pictures * picture};
}

// Query patches stand beside the sequence: K copies of each patch, or one.
BatchSize WithQueries(const RunConfig& config, BatchSize batch) {
  const Arrangement& arrangement = config.model.arrangement;
  if (!arrangement.states_predict_patches()) {
    const double draws =
        arrangement.backbone_denoises() ? Number(config.model.head.diffusion.repeats) : 1;
    batch.row += draws * batch.patches / batch.rows;
  }
  return batch;
}

double BytesOf(const TrainConfig& config) { return IsBf16(config.precision) ? kBf16 : kFloat; }

// What a layer keeps for its backward pass (model/backbone.cc, ops/*.cc): per slot the residual
// stream twice, in float; two norms, queries raw and turned, keys and values, what attention gives;
// three numbers of each inner one; and the weights of attention, in float and in the products'
// type.
double LayerBytes(const RunConfig& config, const BatchSize& batch) {
  const ModelConfig& model = config.model;
  const double width = Number(model.width), bytes = BytesOf(config.train);
  const double head_dim = Number(model.heads > 0 ? model.head_size() : 0);
  const double queries = Number(model.heads) * head_dim;
  const double key_values = Number(model.kv_heads) * head_dim;
  double slot =
      2 * width * kFloat + (4 * width + 3 * queries + key_values + 3 * Number(model.ffn)) * bytes;
  if (batch.row <= kExplicitKeys) {
    slot += Number(model.heads) * batch.row * (bytes == kFloat ? kFloat : kFloat + bytes);
  }
  return batch.slots() * slot;
}

// The mask, and what one layer needs for a while: scores before and behind the mask.
double AttentionBytes(const RunConfig& config, const BatchSize& batch) {
  const bool weights = batch.row <= kExplicitKeys;
  return batch.slots() * batch.row *
         (kFloat + 4 + (weights ? 2 * kFloat * Number(config.model.heads) : 0));
}

// Logits, their logarithms in float and the gradients of both.
double TextBytes(const RunConfig& config, const BatchSize& batch) {
  return batch.text * Number(config.tokenizer.most_ids()) *
         (2 * kFloat + 2 * BytesOf(config.train));
}

double HeadBytes(const RunConfig& config, const BatchSize& batch) {
  const ModelConfig& model = config.model;
  const double joint = Number(model.arrangement.joint_patches()), dim = joint * PatchNumbers(model);
  const bool in_steps = DrawsInSteps(model.head.kind);
  const double rows = batch.patches / joint * (in_steps ? Number(model.head.diffusion.repeats) : 1);
  const double numbers =
      model.arrangement.backbone_denoises()
          ? 8 * dim
          : SizeOfImageHead(model.head, model.autoencoder, joint * Number(model.width), dim).kept;
  return rows * numbers * BytesOf(config.train);
}

// Encoder, decoder and the distances to a codebook.
double AutoencoderBytes(const RunConfig& config, const BatchSize& batch) {
  const AutoencoderConfig& codes = config.model.autoencoder;
  const double book = codes.kind == AutoencoderKind::kVq ? 3 * Number(codes.codes) : 0;
  return batch.patches *
         (2 * (5 * Number(codes.depth) + 3) * Number(codes.width) * BytesOf(config.train) +
          (8 * PatchNumbers(config.model) + book * Number(codes.vectors)) * kFloat);
}

// Pictures of a sample sheet: keys and values of each condition, and the head's modulations.
double DrawingBytes(const RunConfig& config, const DocumentSize& document) {
  if (!config.generates_images() || config.model.autoencoder.trained()) {
    return 0;
  }
  const ModelConfig& model = config.model;
  const double conditions =
      1. + (config.generate.guidance != 1) + (config.generate.image_guidance != 1);
  const double slots = document.text_slots + LargestPicture(model) + 8;
  const double cache = 2 * Number(model.layers) * slots * Number(model.kv_heads) *
                       Number(model.heads > 0 ? model.head_size() : 0);
  return kSheetPictures * conditions * cache * kFloat + 3 * kPrepared;
}

struct Sums {
  double hidden = 0, trained = 0, all = 0, text = 0;
  std::string largest;  // keys of the largest part
};

Sums SumsOf(const RunConfig& config) {
  Sums sums;
  double most = -1;
  for (const ParameterCount& part : CountParameters(config)) {
    sums.hidden += part.hidden;
    sums.trained += part.trained();
    sums.all += part.all();
    sums.text += part.text;
    if (part.all() > most) {
      most = part.all();
      sums.largest = part.keys;
    }
  }
  return sums;
}

// The sum of a step's gradients is a tree, of which one sum a level is held
// (distributed/gradient_sum.h); the two lowest levels share one.
double GradientCopies(const TrainConfig& config) {
  return std::max(std::ceil(std::log2(Number(config.accumulate))), 1.);
}

bool IsAdapted(const RunConfig& config) { return config.train.adapter.kind != AdapterKind::kNone; }

bool IsNarrow(const RunConfig& config) {
  return IsAdapted(config) && config.train.adapter.base == BaseStorage::kBf16;
}

// What adapters are folded into while a run is evaluated or draws, and the packed weights of that.
double FoldedBytes(const RunConfig& config) {
  const double copies = config.generates_images() ? 2 : config.train.evaluate_every > 0 ? 1 : 0;
  return IsAdapted(config) ? copies * SumsOf(config).all * kFloat : 0;
}

// What stays from step to step.
std::vector<MemoryPart> HeldParts(const RunConfig& config) {
  const Sums sums = SumsOf(config);
  const bool adapted = IsAdapted(config);
  const double narrow = IsNarrow(config) ? sums.text * (kFloat - kBf16) : 0;
  const bool muon = config.train.optimizer.kind == OptimizerKind::kMuon && !adapted;
  const double twice = 2 * (sums.trained - (muon ? sums.hidden : 0));
  return {{"parameters", sums.all * kFloat - narrow, sums.largest},
          {"modules", Number(config.model.layers) * kLayerObjects, "model.layers"},
          {"gradients", adapted ? 0 : GradientCopies(config.train) * sums.trained * kFloat,
           sums.largest},
          {"optimizer", adapted ? 0 : (twice + (muon ? sums.hidden : 0)) * kFloat, sums.largest},
          {"average", adapted ? 0 : sums.all * kFloat, sums.largest}};
}

// The parts of a forward and backward pass.
std::vector<MemoryPart> PassParts(const RunConfig& config, const BatchSize& batch) {
  if (config.model.autoencoder.trained()) {
    return {{"autoencoder, kept for backward", AutoencoderBytes(config, batch),
             "train.batch, model.autoencoder.width or model.grids"}};
  }
  const BatchSize wide = WithQueries(config, batch);
  const Sums sums = SumsOf(config);
  const bool in_bf16 = IsBf16(config.train.precision), narrow = IsNarrow(config);
  const double cast = in_bf16 ? (sums.all - (narrow ? sums.text : 0)) * kBf16 : 0;
  const double rows = std::max(Number(config.tokenizer.most_ids()), Number(config.model.ffn));
  const double widened = narrow && !in_bf16 ? rows * Number(config.model.width) * kFloat : 0;
  return {
      {"layers, kept for backward", Number(config.model.layers) * LayerBytes(config, wide),
       "train.batch, train.row_length, model.width, model.layers or model.grids"},
      {"attention of one layer", AttentionBytes(config, wide),
       "train.row_length, train.batch or model.grids"},
      {"text logits", TextBytes(config, batch), "train.batch or tokenizer.size"},
      {"image head, kept for backward", HeadBytes(config, batch),
       "train.batch, model.head.diffusion.repeats, model.head.width, model.patch or model.grids"},
      {"parameters in bf16", cast, sums.largest},
      {"one matrix of a base in bf16, as f32", widened, "tokenizer.size or model.width"}};
}

// Batches that the loader has ready, the step's own and the last step's.
double LoaderBytes(const RunConfig& config, const BatchSize& batch) {
  constexpr double kSlot = 9 * 8, kPatch = 5 * 8;  // bytes beside the pixels
  const double ahead = kBatchesAThread * Number(config.data.threads) + 2;
  return (ahead + Number(config.train.accumulate)) *
         (batch.slots() * kSlot + batch.patches * (PatchNumbers(config.model) * kFloat + kPatch));
}

std::string Gibibytes(double bytes) { return absl::StrFormat("%.3g GiB", bytes / kGibi); }

}  // namespace

std::vector<MemoryPart> PredictMemory(const RunConfig& config, const DocumentSize& document,
                                      double program) {
  const BatchSize batch = SizeOfBatch(config, document);
  std::vector<MemoryPart> parts = {{"program", program + kWorkspace, "nothing"}};
  std::ranges::move(HeldParts(config), std::back_inserter(parts));
  parts.push_back({"batches", LoaderBytes(config, batch),
                   "train.batch, train.accumulate, data.threads or model.patch"});
  std::vector<MemoryPart> pass = PassParts(config, batch);
  const MemoryPart drawing{"drawing", DrawingBytes(config, document),
                           "model.layers, model.width or model.grids"};
  const MemoryPart folded{"adapters folded in", FoldedBytes(config), "model.layers or model.width"};
  // Memory of a pass is free again when pictures are drawn.
  if (TotalOf(pass) < drawing.bytes + folded.bytes) {
    pass = {drawing};
    parts.push_back(folded);
  }
  for (MemoryPart& part : pass) {
    part.bytes *= 1 + kGaps;
    parts.push_back(part);
  }
  return parts;
}

double TotalOf(const std::vector<MemoryPart>& parts) {
  double total = 0;
  for (const MemoryPart& part : parts) {
    total += part.bytes;
  }
  return total;
}

FreeMemory MeasureProgram(Precision precision, const Files& files) {
  const at::AutoGradMode with_gradients(true);
  const Autocast autocast(torch::kCPU, precision);
  const torch::Tensor weight_WW = at::ones({64, 64}).requires_grad_();
  at::softmax(at::linear(at::ones({64, 64}), weight_WW), -1).sum().backward();
  return MeasureFreeMemory(files);
}

absl::Status CheckMemory(const RunConfig& config, const DocumentSize& document,
                         const FreeMemory& memory) {
  if (config.train.device != DeviceKind::kCpu) {
    return absl::OkStatus();
  }
  const std::vector<MemoryPart> parts = PredictMemory(config, document, memory.resident);
  const double limit = config.train.memory_limit * kGibi, total = TotalOf(parts);
  const double free = memory.resident + kShareOfFree * memory.room;
  if (total <= (limit > 0 ? limit : free)) {
    return absl::OkStatus();
  }
  const auto most =
      std::ranges::max_element(parts.begin() + 1, parts.end(), {}, &MemoryPart::bytes);
  const std::string allowed =
      limit > 0 ? absl::StrCat("train.memory_limit allows ", Gibibytes(limit))
                : absl::StrCat("it can have ", Gibibytes(free), " (", memory.bound, ")");
  return absl::ResourceExhaustedError(absl::StrCat(
      "training would take about ", Gibibytes(total), " of memory, and ", allowed, "; most of it, ",
      Gibibytes(most->bytes), ", is for ", most->name, ": lower ", most->keys));
}

}  // namespace tessera
