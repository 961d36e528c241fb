// How visible the borders between patches are.
#pragma once

#include <cstdint>
#include <vector>

#include "data/image/image.h"

namespace tessera {

// The mean difference of neighbouring pixels across the borders of patches over that inside of
// them, in both directions and all channels: 1 for pictures that know of no patches. NaN if there
// is no difference inside. patch: a side in pixels, more than 1.
double SeamRatio(const std::vector<Image>& images, int64_t patch);

}  // namespace tessera
