// Classifier-free guidance (Ho and Salimans 2022) of the patches: with c the prediction under the
// document as it is, i without its text and u without text and earlier pictures,
//   u + image_guidance (i - u) + guidance (c - i)
// Each of the three is a lane: the document under that condition, read in rows of its own.
// L = lanes, N = patches, W = width of a hidden state.
#pragma once

#include <vector>

#include "heads/image_head.h"
#include "infer/continuation.h"

namespace tessera {

// 1, 2 (c and i, which is then the same as u) or 3.
int64_t NumLanes(const GenerateConfig& config);

// What a lane has read when a picture begins, up to its opener. A negative prompt stands where the
// last text stood; without one, texts are hidden token by token. shown: how lane 0 is shown it.
Sequence LaneSequence(int64_t lane, const Document& document, const Treatment& shown,
                      const ContinuationRules& rules);

// Weight of the lane's prediction, when this share of the picture's patches is drawn.
double LaneWeight(int64_t lane, double share, const GenerateConfig& config);

// z_LNW tells the head of each lane and patch; of patch n's picture the share share_N[n] is drawn.
Conditions Guide(const Tensor& z_LNW, const std::vector<double>& share_N,
                 const GenerateConfig& config);

}  // namespace tessera
