// Classifier-free guidance (Ho and Salimans 2022) of the patches: with c the prediction under the
// document as it is, i without its text and u without text and earlier pictures,
//   u + image_guidance (i - u) + guidance (c - i)
// Each of the three is a condition: the document under that condition, read in rows of its own.
// L = num_conditions, N = patches, W = width of a hidden state.
#pragma once

#include <vector>

#include "heads/image_head.h"
#include "infer/continuation.h"

namespace tessera {

// 1, 2 (c and i, which is then the same as u) or 3.
int64_t NumGuidanceConditions(const GenerateConfig& config);

// What a condition has read when a picture begins, up to its opener. A negative prompt stands where
// the last text stood; without one, texts are hidden token by token. shown: how condition 0 is
// shown it.
Sequence SequenceUnder(int64_t condition, const Document& document, const Presentation& shown,
                       const ContinuationRules& rules);

// Weight of the condition's prediction, when this share of the picture's patches is drawn.
double GuidanceWeight(int64_t condition, double share, const GenerateConfig& config);

// z_GNW tells the head of each condition and patch; of patch n's picture the share share_N[n] is
// drawn.
Conditions Guide(const Tensor& z_GNW, const std::vector<double>& share_N,
                 const GenerateConfig& config);

}  // namespace tessera
