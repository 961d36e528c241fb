#include "train/parameter_count.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "heads/diffusion/denoising_loss.h"
#include "heads/image_head.h"
#include "heads/trunk.h"

namespace tessera {
namespace {

constexpr double kSpecialIds = 5, kNoiseFeatures = 32;

ParameterCount Head(const ModelConfig& model) {
  const double dim = PatchNumbers(model), width = Number(model.width);
  ParameterCount count;
  if (model.arrangement.backbone_denoises()) {
    const double outputs = dim * (LearnsVariance(model.head.diffusion) ? 2 : 1);
    count.other = LinearSize(width, outputs).all() + kNoiseFeatures * width;
  } else {
    const double joint = Number(model.arrangement.joint_patches());
    const NetworkSize size =
        SizeOfImageHead(model.head, model.autoencoder, joint * width, joint * dim);
    count.hidden = size.hidden;
    count.other = size.other;
  }
  count.name = "image head";
  count.keys = "model.head.width, model.head.depth or model.patch";
  return count;
}

ParameterCount Backbone(const ModelConfig& model) {
  const double width = Number(model.width), layers = Number(model.layers);
  const double head_dim = Number(model.heads > 0 ? model.head_size() : 0);
  const double queries = Number(model.heads) * head_dim;
  const double key_values = Number(model.kv_heads) * head_dim;
  const double hidden = layers * width * (2 * queries + 2 * key_values + 3 * Number(model.ffn));
  return {.name = "backbone",
          .keys = "model.width, model.layers or model.ffn",
          .hidden = hidden,
          .other = width + layers * (2 * width + (model.qk_norm ? 2 * head_dim : 0) +
                                     (model.qkv_bias ? queries + 2 * key_values : 0)),
          .text = hidden};
}

double EmbedderNumbers(const ModelConfig& model, double picture) {
  const InputConfig& input = model.input;
  const double dim = PatchNumbers(model), width = Number(model.width), rank = Number(input.rank),
               channels = Number(input.channels);
  switch (input.kind) {
    case InputKind::kLinear:
      return LinearSize(dim, width).all();
    case InputKind::kBottleneck:
      return dim * rank + LinearSize(rank, width).all();
    case InputKind::kConv:
      return 27 * channels + 9 * channels * channels + LinearSize(channels * dim / 3, width).all();
    case InputKind::kCodes: {
      const AutoencoderConfig& codes = model.autoencoder;
      const double vector = codes.kind == AutoencoderKind::kFsq ? Number(std::ssize(codes.levels))
                                                                : Number(codes.dim);
      return LinearSize(Number(codes.vectors) * vector, width).all();
    }
    case InputKind::kResampler:
      return width * dim + 2 * picture * width + 3 * width * width + width;
  }
  return 0;
}

ParameterCount Embeddings(const RunConfig& config) {
  const ModelConfig& model = config.model;
  const std::vector<GridSize> grids = GridSizes(model);
  double rows = 0, cols = 0;
  for (const GridSize& grid : grids) {
    rows = std::max(rows, grid.rows);
    cols = std::max(cols, grid.cols);
  }
  const double width = Number(model.width);
  const double ids = Number(config.tokenizer.most_ids()) + kSpecialIds + Number(std::ssize(grids));
  const double tables = ids * width * (model.tie_text_head ? 1 : 2);
  return {.name = "embeddings",
          .keys = "tokenizer.size, model.width or model.patch",
          .other = tables + width + 2 * (rows + cols) * width + kNoiseFeatures * width +
                   EmbedderNumbers(model, grids.empty() ? 0 : grids.front().patches()),
          .text = tables};
}

ParameterCount Autoencoder(const ModelConfig& model) {
  const AutoencoderConfig& codes = model.autoencoder;
  const double dim = PatchNumbers(model), width = Number(codes.width), depth = Number(codes.depth);
  const bool fsq = codes.kind == AutoencoderKind::kFsq;
  const double vector = fsq ? Number(std::ssize(codes.levels)) : Number(codes.dim);
  const double values = Number(codes.vectors) * vector;
  const NetworkSize encoder = TrunkSize(width, depth, dim, values),
                    decoder = TrunkSize(width, depth, values, dim);
  ParameterCount count{.name = "autoencoder",
                       .keys = "model.autoencoder.width, model.autoencoder.codes or model.patch",
                       .hidden = encoder.hidden + decoder.hidden,
                       .other = encoder.other + decoder.other};
  if (codes.kind == AutoencoderKind::kVq) {
    const double book = Number(codes.codes) * Number(codes.dim);
    (codes.codebook == Codebook::kEma ? count.frozen : count.other) += book;
    count.frozen += Number(codes.codes);  // how often each is chosen
  }
  if (!codes.trained()) {
    count.frozen = count.all();
    count.hidden = count.other = 0;
  }
  return count;
}

}  // namespace

std::vector<GridSize> GridSizes(const ModelConfig& config) {
  std::vector<GridSize> grids;
  for (const std::string& name : config.grids) {
    const std::vector<std::string> sides = absl::StrSplit(name, 'x');
    GridSize grid;
    if (sides.size() == 2 && absl::SimpleAtod(sides[0], &grid.rows) &&
        absl::SimpleAtod(sides[1], &grid.cols)) {
      grids.push_back(grid);
    }
  }
  return grids;
}

double PatchNumbers(const ModelConfig& config) {
  return 3 * Number(config.patch) * Number(config.patch);
}

std::vector<ParameterCount> CountParameters(const RunConfig& config) {
  if (config.model.autoencoder.trained()) {
    return {Autoencoder(config.model)};
  }
  std::vector<ParameterCount> counts = {Backbone(config.model), Embeddings(config),
                                        Head(config.model)};
  if (config.model.reads_codes() || config.model.writes_codes()) {
    counts.push_back(Autoencoder(config.model));
  }
  return counts;
}

}  // namespace tessera
