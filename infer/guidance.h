// Classifier-free guidance (Ho and Salimans 2022) of the patches: with c the prediction under the
// document as it is, i without its text and u without text and earlier pictures,
//   u + image_guidance (i - u) + guidance (c - i)
// Each of the three is a guidance condition: the document under that condition, which the model
// reads in a row of its own. G = guidance conditions, N = patches, W = width of a hidden state.
#pragma once

#include <utility>
#include <vector>

#include "heads/image_head.h"
#include "infer/continuation.h"

namespace tessera {

// 1, 2 (c and i, which is then equal to u) or 3.
int64_t NumGuidanceConditions(const GenerateConfig& config);

// The flow times of a patch between which guidance holds.
std::pair<double, double> GuidedInterval(const GenerateConfig& config);

// What the model has read under a condition when a picture begins, up to its opener. A negative
// prompt stands where the last text stood; without one, texts are hidden token by token.
// presentation: that of condition 0.
Sequence SequenceUnder(int64_t condition, const Document& document,
                       const Presentation& presentation, const ContinuationRules& rules);

// The weight of the condition's prediction, when this share of the picture's patches is drawn.
double GuidanceWeight(int64_t condition, double share, const GenerateConfig& config);

struct GuidedPatch {
  double share;  // of the picture's patches that are drawn before
  const GenerateConfig* config;
};

// z_GNW conditions the head under each guidance condition. The interval is that of the first patch.
Conditions Guide(const Tensor& z_GNW, const std::vector<GuidedPatch>& patch_N);

// Guides patches that are all drawn by one config.
Conditions Guide(const Tensor& z_GNW, const std::vector<double>& share_N,
                 const GenerateConfig& config);

}  // namespace tessera
