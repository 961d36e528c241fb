// What samplers of all heads do with the guidance of a guided prediction.
// B = guidance, N = patches, M = some of them.
#pragma once

#include <vector>

#include "heads/image_head.h"

namespace tessera {

// GuidanceConditions without any weight left out, so that guidance at 0 and at 1 costs what no
// guidance does and gives the same numbers.
std::vector<GuidanceCondition> Weighted(const std::vector<GuidanceCondition>& guidance);

Tensor StackOf(const std::vector<GuidanceCondition>& guidance,
               Tensor GuidanceCondition::*member);  // [B, N, ...]

// The conditions of some of the patches, by index.
Conditions SelectRows(const Conditions& conditions, const Tensor& index_M);

// The type of a drawn patch: that of its condition, but at least float.
torch::Dtype SampleType(const Conditions& conditions);

// Draws one of C values by the inverse of their cumulative distribution at u_N, uniform in [0, 1).
// The masses are raised to the power of 1 / temperature; at 0 the likeliest is drawn. [N, C], [N]
// -> [N]
Tensor DrawCode(const Tensor& log_mass_NC, double temperature, const Tensor& u_N);

}  // namespace tessera
