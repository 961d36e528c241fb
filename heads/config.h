// What can be chosen about the image head: its kind, the network that all kinds have, and a section
// of keys for each kind that has some.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "config/enum_names.h"
#include "heads/codes/codes_config.h"
#include "heads/density/fourier_config.h"
#include "heads/density/gmm_config.h"
#include "heads/diffusion/diffusion_config.h"
#include "heads/sampler/sampler_config.h"

namespace tessera {

enum class HeadKind {
  kDiffusion,
  kMse,
  kGmm,
  kFourier,
  kSoftmax256,
  kCodes  // stays the last, so that a missing row does not compile
};

struct HeadRow {
  HeadKind kind;
  const char* name;
  bool in_steps = false;  // a sampler draws a patch in steps from noise to data
};

inline constexpr std::array kHeads = {
    HeadRow{.kind = HeadKind::kDiffusion, .name = "diffusion", .in_steps = true},
    HeadRow{.kind = HeadKind::kMse, .name = "mse"},
    HeadRow{.kind = HeadKind::kGmm, .name = "gmm"},
    HeadRow{.kind = HeadKind::kFourier, .name = "fourier"},
    HeadRow{.kind = HeadKind::kSoftmax256, .name = "softmax256"},
    HeadRow{.kind = HeadKind::kCodes, .name = "codes"},
};
static_assert(HasEachRow(kHeads, HeadKind::kCodes), "a HeadKind has no row in kHeads");

constexpr auto EnumNames(HeadKind) { return NamesIn(kHeads); }

constexpr bool DrawsInSteps(HeadKind kind) { return kHeads[static_cast<size_t>(kind)].in_steps; }

struct HeadConfig {
  HeadKind kind = HeadKind::kDiffusion;
  int64_t width = 256;
  int64_t depth = 3;
  DiffusionConfig diffusion = {};
  GmmConfig gmm = {};
  FourierConfig fourier = {};
  CodesConfig codes = {};

  bool operator==(const HeadConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    visit("kind", self.kind, "A patch is drawn from this family of distributions.");
    visit("width", self.width, "Hidden layers have this width.");
    visit("depth", self.depth, "The network has this many residual blocks.");
    visit("diffusion", self.diffusion, "These keys choose how noise is taken off a patch.",
          DrawsInSteps(self.kind));
    visit("gmm", self.gmm, "These keys choose the mixture of Gaussians.",
          self.kind == HeadKind::kGmm);
    visit("fourier", self.fourier, "These keys choose the Fourier densities.",
          self.kind == HeadKind::kFourier);
    visit("codes", self.codes, "These keys choose how codes are drawn.",
          self.kind == HeadKind::kCodes);
  }

  // What is wrong with the keys of all kinds; each section has a Problem of its own.
  std::string Problem() const {
    return width < 1 || depth < 0 ? "width must be at least 1, depth at least 0" : "";
  }
};

// What forbids sampling this head with this sampler; empty if nothing does.
inline std::string SamplerProblem(const HeadConfig& head, const SamplerConfig& sampler) {
  if (!DrawsInSteps(head.kind)) {
    const bool only_temperature = sampler == SamplerConfig{.temperature = sampler.temperature};
    return only_temperature ? sampler.Problem()
                            : "head " + std::string(EnumName(head.kind)) +
                                  " draws a patch without steps: of the sampler's keys it reads "
                                  "temperature alone; remove the others";
  }
  const bool cosine = head.diffusion.schedule == NoiseScheduleKind::kCosine;
  if (cosine && StepsInFlowTime(sampler.kind)) {
    return "sampler " + std::string(EnumName(sampler.kind)) +
           " needs a head with the flow schedule; with cosine use ddpm, ddim, dpm++2m or one that "
           "walks in sigma, such as ipndm";
  }
  const bool learned =
      sampler.kind == SamplerKind::kDdpm && sampler.variance == StepVariance::kLearned;
  if (learned && !(head.diffusion.learn_variance && cosine)) {
    return "variance learned needs a cosine head trained with learn_variance = true";
  }
  return sampler.Problem();
}

}  // namespace tessera
