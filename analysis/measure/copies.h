// Whether pictures are copies of those that a run was trained on.
#pragma once

#include <vector>

#include "data/image/image.h"

namespace tessera {

// The share of the drawn pictures that are nearer to a training picture, by squared distance of
// the pixels, than 99 of 100 unseen pictures are: .01 of pictures that copy nothing. All pictures
// have one size; there is one at least of each.
double ShareOfCopies(const std::vector<Image>& drawn, const std::vector<Image>& unseen,
                     const std::vector<Image>& training);

}  // namespace tessera
