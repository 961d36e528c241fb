// From noise to a patch: functions over the expected clean patch, whatever predicts it.
// N = patches, D = numbers a patch, S = levels.
#pragma once

#include <functional>
#include <limits>
#include <vector>

#include "heads/image_head.h"
#include "heads/sampler/noise_schedule.h"

namespace tessera {

struct Denoised {
  Tensor clean_ND;  // E[x | x_t]
  Tensor
      variance_ND;  // of the step, from 0 (small) to 1 (large) in logarithm; undefined if unknown
};

// Looks at patches that carry the noise of levels[level].
using Denoise = std::function<Denoised(const Tensor& x_ND, int64_t level)>;

// Standard normal [N, D], fresh at every call.
using NoiseSource = std::function<Tensor()>;

// The levels at which a sampler looks, most noise first. After the last comes the clean patch; of
// those that walk in sigma the last is where they stop.
std::vector<NoiseLevel> SamplerLevels(const SamplerConfig& config, const NoiseSchedule& schedule);

struct SamplerRun {
  const SamplerConfig& config;
  const std::vector<NoiseLevel>& levels;  // SamplerLevels(config, ...)
  Denoise denoise;
  NoiseSource noise;
  // The first level whose noise the head knows too little about to be asked: from there on the last
  // answer stands, so that the way leads straight to it.
  int64_t unknown = std::numeric_limits<int64_t>::max();
  CleanAt clean_at = {};                          // what amed asks besides, at levels
  std::shared_ptr<AmedPredictor> amed = nullptr;  // that this chooses
};

// What `clip` makes of a head's answer: the expected patch in [-1, 1].
CleanAt Clipped(CleanAt clean_at);

// [N, D]
Tensor RunSampler(const SamplerRun& run);

}  // namespace tessera
