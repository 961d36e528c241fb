// What the heads share that know the density or the probability of a patch.
// N = patches, D = numbers a patch, M = parts of a patch whose logarithms add up.
#pragma once

#include <vector>

#include "heads/image_head.h"
#include "ops/pixels.h"

namespace tessera {

// Nats of an 8-bit number, from the log density of the dequantised patch.
HeadLoss DensityLoss(const Tensor& log_density_NM, int64_t patch_dim);

// From the logarithm of the probability of the codes.
HeadLoss MassLoss(const Tensor& log_mass_NM, int64_t patch_dim);
Tensor BitsOf(const Tensor& log_mass_NM, int64_t patch_dim);

}  // namespace tessera
