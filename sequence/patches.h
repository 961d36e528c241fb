// Pictures <-> patches, lossless: x = u / 127.5 - 1 keeps all 256 pixel values apart in f32 and in
// bf16. N = patches, D = numbers a patch (3 * patch * patch), inner order (row, column, channel).
#pragma once

#include <torch/types.h>

#include "data/document.h"
#include "sequence/patch_grid.h"

namespace tessera {

// f32 in [-1, 1], patches row by row from the top. patch divides the picture's height and width.
torch::Tensor Patchify(const Image& image, int64_t patch);

// Rounds to the nearest of the 256 pixel values; what is outside [-1, 1] becomes 0 or 255.
Image Unpatchify(const torch::Tensor& patch_ND, PatchGrid grid, int64_t patch);

}  // namespace tessera
