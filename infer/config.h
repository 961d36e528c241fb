// How a Document is continued.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "model/config.h"
#include "ops/precision.h"

namespace tessera {

enum class Until { kText, kImage, kEnd };
constexpr auto EnumNames(Until) { return std::array{"text", "image", "end"}; }

enum class GuidanceSchedule { kConstant, kRamp, kInterval };
constexpr auto EnumNames(GuidanceSchedule) { return std::array{"constant", "ramp", "interval"}; }

// What computes products of few rows in f32: our own loops over packed weights, or LibTorch.
enum class EngineKind { kPacked, kPlain };
constexpr auto EnumNames(EngineKind) { return std::array{"packed", "plain"}; }

struct GenerateConfig {
  double text_temperature = 1;
  int64_t top_k = 0;
  double top_p = 1;
  double min_p = 0;
  int64_t max_text = 128;
  int64_t max_images = 8;
  double guidance = 1;
  double image_guidance = 1;
  GuidanceSchedule guidance_schedule = GuidanceSchedule::kRamp;
  double guidance_from = 0.1;
  double guidance_to = 1;
  std::string negative = {};
  double input_noise = 0;
  int64_t rounds = 8;
  Precision precision = Precision::kF32;
  EngineKind engine = EngineKind::kPacked;
  WeightStorage weights = WeightStorage::kF32;
  SamplerConfig sampler = {};

  bool operator==(const GenerateConfig&) const = default;

  bool packed() const { return engine == EngineKind::kPacked && precision == Precision::kF32; }

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool guided = self.guidance != 1 || self.image_guidance != 1;
    const bool interval = guided && self.guidance_schedule == GuidanceSchedule::kInterval;
    visit("text_temperature", self.text_temperature,
          "The logits of text are divided by this; 0 takes the most probable token.");
    visit("top_k", self.top_k, "Only the k most probable tokens can be drawn; 0 allows all.");
    visit("top_p", self.top_p,
          "Only the most probable tokens that sum to p can be drawn; 1 allows all.");
    visit("min_p", self.min_p,
          "Only tokens at least this share as probable as the best can be drawn; 0 allows all.");
    visit("max_text", self.max_text, "One generated text has at most this many tokens.");
    visit("max_images", self.max_images, "One generated document has at most this many pictures.");
    visit("guidance", self.guidance,
          "Predictions with text are scaled by this against those without; 1 is no guidance.");
    visit("image_guidance", self.image_guidance,
          "Predictions with earlier pictures are scaled by this against those without; 1 is no "
          "guidance.");
    visit("guidance_schedule", self.guidance_schedule,
          "The scale rises over half a picture (ramp), is constant, or holds between two flow "
          "times alone (interval).",
          guided);
    visit("guidance_from", self.guidance_from,
          "Guidance begins at this flow time of the patch; 0 is noise.", interval);
    visit("guidance_to", self.guidance_to,
          "Guidance ends at this flow time of the patch; 1 is clean.", interval);
    visit("negative", self.negative, "Guidance steers away from this text; if empty, from no text.",
          guided);
    visit("input_noise", self.input_noise,
          "The model reads drawn patches with noise of this standard deviation, and reads its "
          "level.");
    visit("rounds", self.rounds, "Objective masked draws a picture in this many rounds.");
    ProductFields(self, visit);
    visit("sampler", self.sampler, "These keys choose how a patch is drawn.");
  }

  std::string Problem() const {
    if (text_temperature < 0 || top_k < 0 || top_p <= 0 || top_p > 1 || min_p < 0 || min_p > 1) {
      return "text_temperature and top_k must not be negative, top_p in (0, 1], min_p in [0, 1]";
    }
    constexpr int64_t kMost = 1'000'000;  // of what a loop counts
    if (std::min({max_text, max_images, rounds}) < 1 ||
        std::max({max_text, max_images, rounds}) > kMost) {
      return "max_text, max_images and rounds must be from 1 to 1000000";
    }
    if (guidance_from < 0 || guidance_from >= guidance_to || guidance_to > 1) {
      return "guidance_from must lie below guidance_to, both in [0, 1]";
    }
    return input_noise < 0 ? "input_noise must not be negative" : "";
  }

 private:
  // What multiplies matrices.
  template <class Self, class Visitor>
  static void ProductFields(Self& self, Visitor& visit) {
    visit("precision", self.precision,
          "LibTorch multiplies matrices in this precision; bf16 is for many pictures at once and "
          "leaves engine plain.");
    visit("engine", self.engine,
          "Weights are laid out anew for products of few rows (packed), or LibTorch multiplies all "
          "(plain), which is the same but for rounding.",
          self.precision == Precision::kF32);
    visit("weights", self.weights,
          "Packed weights are stored in this type; bf16 and int8 are read faster and rounded.",
          self.packed());
  }
};

// What forbids generating with this head; empty if nothing does.
inline std::string GenerateProblem(const HeadConfig& head, const GenerateConfig& config) {
  const bool guided = config.guidance != 1 || config.image_guidance != 1;
  if (guided && config.guidance_schedule == GuidanceSchedule::kInterval &&
      !DrawsInSteps(head.kind)) {
    return "guidance_schedule interval needs a diffusion head, since head " +
           std::string(EnumName(head.kind)) + " has no noise levels; use constant or ramp";
  }
  return SamplerProblem(head, config.sampler);
}

// What forbids generating with this model; empty if nothing does.
inline std::string GenerateProblem(const ModelConfig& model, const GenerateConfig& config) {
  const Arrangement& arrangement = model.arrangement;
  const std::string name = "objective " + std::string(EnumName(arrangement.objective));
  const bool guided = config.guidance != 1 || config.image_guidance != 1;
  if (!arrangement.states_predict_patches() && config.sampler.kind == SamplerKind::kAmed) {
    return name +
           " cannot be drawn by amed, which is fitted to the head of objective head; use "
           "another sampler, such as dpm-solver-2";
  }
  if (arrangement.whole_pictures() && config.sampler.last_steps != 0) {
    return name + " draws no patch of a picture after all others; remove sampler.last_steps";
  }
  if (arrangement.draws_at_once() && guided &&
      config.guidance_schedule == GuidanceSchedule::kRamp) {
    return name +
           " draws all patches of a picture at once, and guidance_schedule ramp rises from "
           "one to the next; use constant or interval";
  }
  if (!arrangement.draws_in_rounds() && config.rounds != GenerateConfig().rounds) {
    return name + " draws in no rounds, as objective masked does; remove rounds";
  }
  return GenerateProblem(model.head, config);
}

}  // namespace tessera
