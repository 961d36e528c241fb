#include "train/parameter_count.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace tessera {
namespace {

constexpr double kSpecialIds = 5, kNoiseFeatures = 32, kTimeFeatures = 256, kNumberFeatures = 9;

double Number(int64_t value) { return static_cast<double>(value); }

// Matrix and bias.
struct Linear {
  double matrix, bias;
  Linear(double inputs, double outputs) : matrix(inputs * outputs), bias(outputs) {}
  double all() const { return matrix + bias; }
};

// heads/trunk.h.
ParameterCount Trunk(double width, double depth, double inputs, double outputs) {
  const Linear in(inputs, width), inside(width, width), out(width, outputs);
  return {.hidden = in.matrix + 2 * depth * inside.matrix,
          .other = in.bias + depth * (2 * inside.bias + width) + width + out.all()};
}

// heads/diffusion/denoiser.h.
ParameterCount Denoiser(const HeadConfig& head, double dim, double inputs, double outputs) {
  const double width = Number(head.width), depth = Number(head.depth);
  const Linear patch(dim, width), condition(inputs, width), time_in(kTimeFeatures, width),
      inside(width, width);
  return {
      .name = {},
      .keys = {},
      .hidden = patch.matrix + condition.matrix + time_in.matrix + (1 + 2 * depth) * inside.matrix,
      .other = (4 + 2 * depth) * width + Linear(width, (3 * depth + 2) * width).all() +
               Linear(width, outputs).all()};
}

// Values of each symbol that head codes draws, all together, and how many symbols there are.
struct Symbols {
  double count = 0, values = 0;
};
Symbols SymbolsOf(const ModelConfig& model) {
  const AutoencoderConfig& codes = model.autoencoder;
  std::vector<int64_t> radices = {codes.codes};
  if (codes.kind == AutoencoderKind::kFsq) {
    radices = codes.levels;
  }
  double product = 1, sum = 0;
  for (const int64_t radix : radices) {
    product *= Number(radix);
    sum += Number(radix);
  }
  const bool joint = model.head.codes.softmax == CodeSoftmax::kJoint;
  const double vectors = Number(codes.vectors);
  return {vectors * (joint ? 1 : Number(std::ssize(radices))), vectors * (joint ? product : sum)};
}

double OutputsOf(const HeadConfig& head, double dim) {
  return dim *
         (head.diffusion.learn_variance && head.diffusion.schedule == NoiseScheduleKind::kCosine
              ? 2
              : 1);
}

double MixtureNumbers(const HeadConfig& head, double dim) {
  const double components = Number(head.gmm.components);
  const double shares = head.gmm.covariance == Covariance::kPerChannel ? dim : 1;
  const double factors = head.gmm.covariance == Covariance::kFull ? dim * (dim - 1) / 2 : 0;
  return components * (shares + 2 * dim + factors);
}

// A trunk for each number of the patch.
ParameterCount ScalarTrunk(const HeadConfig& head, double dim, double inputs, double outputs) {
  ParameterCount count = Trunk(Number(head.width), Number(head.depth), inputs, outputs);
  count.other += dim * (kNumberFeatures + 2) * Number(head.width);
  return count;
}

ParameterCount HeadOfKind(const ModelConfig& model, double dim, double inputs) {
  const HeadConfig& head = model.head;
  const double width = Number(head.width), depth = Number(head.depth);
  switch (head.kind) {
    case HeadKind::kDiffusion:
      return Denoiser(head, dim, inputs, OutputsOf(head, dim));
    case HeadKind::kMse: {
      ParameterCount count = Trunk(width, depth, inputs, dim);
      count.other += 1;
      return count;
    }
    case HeadKind::kGmm:
      return Trunk(width, depth, inputs, MixtureNumbers(head, dim));
    case HeadKind::kFourier: {
      ParameterCount count =
          ScalarTrunk(head, dim, inputs, 2 * (Number(head.fourier.frequencies) + 1));
      count.other += head.fourier.support == Support::kLine ? 2 : 0;  // scale and shift
      return count;
    }
    case HeadKind::kSoftmax256:
      return ScalarTrunk(head, dim, inputs, 256);
    case HeadKind::kCodes: {
      const Symbols symbols = SymbolsOf(model);
      ParameterCount count = Trunk(width, depth, inputs, symbols.values);
      const bool chained = head.codes.softmax != CodeSoftmax::kIndependent && symbols.count > 1;
      count.other += chained ? symbols.values * width : 0;  // a table
      return count;
    }
  }
  return {};
}

ParameterCount Head(const ModelConfig& model) {
  const double dim = PatchNumbers(model), width = Number(model.width);
  ParameterCount count;
  if (model.arrangement.backbone_denoises()) {
    count.other = Linear(width, OutputsOf(model.head, dim)).all() + kNoiseFeatures * width;
  } else {
    const double joint = Number(model.arrangement.joint_patches());
    count = HeadOfKind(model, joint * dim, joint * width);
  }
  count.name = "image head";
  count.keys = "model.head.width, model.head.depth or model.patch";
  return count;
}

ParameterCount Backbone(const ModelConfig& model) {
  const double width = Number(model.width), layers = Number(model.layers);
  const double head_dim = Number(model.width / std::max<int64_t>(model.heads, 1));
  const double key_values = Number(model.kv_heads) * head_dim;
  return {.name = "backbone",
          .keys = "model.width, model.layers or model.ffn",
          .hidden = layers * width * (2 * width + 2 * key_values + 3 * Number(model.ffn)),
          .other = width + layers * (2 * width + (model.qk_norm ? 2 * head_dim : 0))};
}

double EmbedderNumbers(const ModelConfig& model, double picture) {
  const InputConfig& input = model.input;
  const double dim = PatchNumbers(model), width = Number(model.width), rank = Number(input.rank),
               channels = Number(input.channels);
  switch (input.kind) {
    case InputKind::kLinear:
      return Linear(dim, width).all();
    case InputKind::kBottleneck:
      return dim * rank + Linear(rank, width).all();
    case InputKind::kConv:
      return 27 * channels + 9 * channels * channels + Linear(channels * dim / 3, width).all();
    case InputKind::kCodes: {
      const AutoencoderConfig& codes = model.autoencoder;
      const double vector = codes.kind == AutoencoderKind::kFsq ? Number(std::ssize(codes.levels))
                                                                : Number(codes.dim);
      return Linear(Number(codes.vectors) * vector, width).all();
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
  const double ids = Number(config.tokenizer.size) + kSpecialIds + Number(std::ssize(grids));
  return {.name = "embeddings",
          .keys = "tokenizer.size, model.width or model.patch",
          .other = ids * width * (model.tie_text_head ? 1 : 2) + width + 2 * (rows + cols) * width +
                   kNoiseFeatures * width +
                   EmbedderNumbers(model, grids.empty() ? 0 : grids.front().patches())};
}

ParameterCount Autoencoder(const ModelConfig& model) {
  const AutoencoderConfig& codes = model.autoencoder;
  const double dim = PatchNumbers(model), width = Number(codes.width), depth = Number(codes.depth);
  const bool fsq = codes.kind == AutoencoderKind::kFsq;
  const double vector = fsq ? Number(std::ssize(codes.levels)) : Number(codes.dim);
  const double values = Number(codes.vectors) * vector;
  const ParameterCount encoder = Trunk(width, depth, dim, values),
                       decoder = Trunk(width, depth, values, dim);
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
