// Shape of the model. Docs of a key are its help text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "heads/codes/autoencoder_config.h"
#include "heads/config.h"
#include "sequence/arrangement.h"

namespace tessera {

enum class InputKind { kLinear, kBottleneck, kConv, kCodes, kResampler };
constexpr auto EnumNames(InputKind) {
  return std::array{"linear", "bottleneck", "conv", "codes", "resampler"};
}

// How patches enter the model.
struct InputConfig {
  InputKind kind = InputKind::kLinear;
  int64_t rank = 128;
  int64_t channels = 16;
  int64_t heads = 4;

  bool operator==(const InputConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("kind", self.kind,
          "Patches enter by a linear map, two with few numbers between, convolutions, their codes, "
          "or queries that read all patches (resampler).");
    visit("rank", self.rank,
          "This many numbers stand between the two maps; below 3 patch^2 the input is lossy.",
          self.kind == InputKind::kBottleneck);
    visit("channels", self.channels, "The convolutions have this many channels.",
          self.kind == InputKind::kConv);
    visit("heads", self.heads,
          "The queries' attention has this many heads, which divide model.width.",
          self.kind == InputKind::kResampler);
  }

  std::string Problem() const {
    return rank < 1 || channels < 1 || heads < 1 ? "rank, channels and heads must be at least 1"
                                                 : "";
  }
};

// How Llama 3.1 and later change the rotary frequencies (ops/rotary.h).
struct RopeScalingConfig {
  double factor = 1;
  double low = 1;
  double high = 4;
  int64_t context = 8192;

  bool operator==(const RopeScalingConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool scaled = self.factor != 1;
    visit("factor", self.factor,
          "Slow rotary frequencies are divided by this number; 1: none are.");
    visit("low", self.low, "A frequency is slow that turns at most this often in the context.",
          scaled);
    visit("high", self.high, "A frequency stays as it is that turns so often in the context.",
          scaled);
    visit("context", self.context, "The context has this many slots.", scaled);
  }

  std::string Problem() const {
    return factor > 0 && low > 0 && high > low && context > 0
               ? ""
               : "factor, low and context must be positive, and high must be above low";
  }
};

struct ModelConfig {
  int64_t patch = 8;
  std::vector<std::string> grids = {"4x4"};
  InputConfig input;
  int64_t width = 192;
  int64_t layers = 4;
  int64_t heads = 4;
  int64_t kv_heads = 4;
  int64_t head_dim = 0;
  int64_t ffn = 512;
  bool qk_norm = true;
  bool qkv_bias = false;
  double norm_epsilon = 1e-6;
  bool tie_text_head = false;
  double rope_theta = 10000;
  RopeScalingConfig rope_scaling;
  Arrangement arrangement;  // its keys are keys of the model
  HeadConfig head;
  AutoencoderConfig autoencoder;

  bool operator==(const ModelConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool model = !self.autoencoder.trained();
    visit("patch", self.patch, "A patch is a square of this many pixels a side.");
    visit("grids", self.grids,
          "Pictures are cut into rows x columns of patches; each takes the grid nearest in shape.");
    visit("input", self.input, "These keys choose how patches are embedded.", model);
    visit("width", self.width, "A hidden state has this many numbers.", model);
    visit("layers", self.layers, "The backbone has this many transformer blocks.", model);
    visit("heads", self.heads, "Attention has this many heads.", model);
    visit("kv_heads", self.kv_heads,
          "Keys and values have this many heads, which divide heads (grouped-query attention).",
          model);
    visit("head_dim", self.head_dim,
          "A head has this many numbers, an even count; 0: width / heads.", model);
    visit("ffn", self.ffn, "The SwiGLU layers have this width inside.", model);
    visit("qk_norm", self.qk_norm, "The queries and keys of each head are normalised.", model);
    visit("qkv_bias", self.qkv_bias, "The maps to queries, keys and values have biases.", model);
    visit("norm_epsilon", self.norm_epsilon,
          "The norms of the backbone add this to the mean square.", model);
    visit("tie_text_head", self.tie_text_head, "The text head shares the token embedding.", model);
    visit("rope_theta", self.rope_theta, "The rotary frequencies have this base.", model);
    visit("rope_scaling", self.rope_scaling, "These keys slow the slow rotary frequencies.", model);
    Arrangement::Fields(self.arrangement, visit);
    std::vector<std::string> no_network;
    if (self.arrangement.backbone_denoises()) {
      no_network = {"width", "depth"};
    }
    visit("head", self.head,
          "The image head draws patches; under objective copies or whole, these keys say how the "
          "backbone cleans them.",
          model, no_network);
    visit("autoencoder", self.autoencoder,
          "An autoencoder turns patches into codes and back, for lossy inputs and targets.");
  }

  // Numbers of an attention head.
  int64_t head_size() const { return head_dim > 0 ? head_dim : width / heads; }
  bool reads_codes() const { return input.kind == InputKind::kCodes; }
  // Whether the model can generate pictures: no slot sees a patch that is yet to be drawn, and
  // patches see what they are drawn for.
  bool generates_images() const {
    return arrangement.generates_images() && input.kind != InputKind::kResampler;
  }
  bool writes_codes() const { return head.kind == HeadKind::kCodes; }

  // What is wrong with the numbers, or empty.
  std::string Problem() const {
    if (patch < 1 || width < 1 || layers < 1 || ffn < 1) {
      return "patch, width, layers and ffn must be positive";
    }
    if (grids.empty()) {
      return "grids must name at least one grid, such as \"4x4\"";
    }
    if (const std::string problem = HeadsProblem(); !problem.empty()) {
      return problem;
    }
    if (arrangement.positions != Positions::kRope1d && head_size() < 4) {
      return "positions of two coordinates need heads of 4 numbers or more; use rope1d or fewer "
             "heads";
    }
    if (const std::string problem = arrangement.Problem(); !problem.empty()) {
      return problem;
    }
    if ((reads_codes() || writes_codes()) == autoencoder.path.empty()) {
      return "input.kind and head.kind = \"codes\" need autoencoder.path, a run that trained an "
             "autoencoder; and nothing else does";
    }
    if (arrangement.joint_patches() > 1 && writes_codes()) {
      return "head codes writes one patch from its codes, and block_head joint wants all patches "
             "of a block as one vector; use independent, or another head";
    }
    if (arrangement.backbone_denoises() && head.kind != HeadKind::kDiffusion) {
      return "objective " + std::string(EnumName(arrangement.objective)) +
             " cleans noisy patches, which head kind " + std::string(EnumName(head.kind)) +
             " does not; use kind diffusion, or objective head or masked";
    }
    if (const std::string problem = ResamplerProblem(); !problem.empty()) {
      return problem;
    }
    return kv_heads < 1 || heads % kv_heads != 0 ? "kv_heads must divide heads" : "";
  }

 private:
  std::string HeadsProblem() const {
    if (heads < 1 || head_dim < 0 || head_dim % 2 != 0) {
      return "heads must be positive, and head_dim even";
    }
    if (head_dim == 0 && (width % heads != 0 || (width / heads) % 2 != 0)) {
      return "width must be an even multiple of heads";
    }
    return norm_epsilon > 0 && rope_theta > 0 ? "" : "norm_epsilon and rope_theta must be positive";
  }

  std::string ResamplerProblem() const {
    if (input.kind != InputKind::kResampler) {
      return "";
    }
    if (width % input.heads != 0) {
      return "input.heads must divide width";
    }
    if (grids.size() > 1) {
      return "input.kind resampler has a query for each slot of one grid; name one grid, or use "
             "another kind";
    }
    if (arrangement.order != PatchOrder::kRaster || arrangement.positions != Positions::kRope1d) {
      return "input.kind resampler learns what stands in which slot, so that slots have no place "
             "in the picture; leave order at raster and positions at rope1d";
    }
    return arrangement.states_predict_patches()
               ? ""
               : "objective " + std::string(EnumName(arrangement.objective)) +
                     " draws patches, which input.kind resampler shows before they are drawn; use "
                     "objective head and train.image_weight = 0";
  }
};

}  // namespace tessera
