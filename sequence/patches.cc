#include "sequence/patches.h"

#include <ATen/Functions.h>

#include "ops/pixels.h"

namespace tessera {
namespace {

// Calls visit(number's index in the patches, its index in the picture) for each number.
template <class Visit>
void ForEachNumber(PatchGrid grid, int64_t patch, Visit visit) {
  const int64_t width = 3 * patch, picture_width = width * grid.cols;
  int64_t number = 0;
  for (int64_t row = 0; row < grid.rows; ++row) {
    for (int64_t col = 0; col < grid.cols; ++col) {
      for (int64_t y = 0; y < patch; ++y) {
        const int64_t start = (row * patch + y) * picture_width + col * width;
        for (int64_t x = 0; x < width; ++x) {
          visit(number++, start + x);
        }
      }
    }
  }
}

}  // namespace

// Plain loops: torch's own threads would compete with the loader's.
torch::Tensor Patchify(const Image& image, int64_t patch) {
  TORCH_CHECK(patch > 0 && image.height % patch == 0 && image.width % patch == 0, "patches of ",
              patch, " do not tile a picture of ", image.height, "x", image.width);
  const PatchGrid grid{image.height / patch, image.width / patch};
  torch::Tensor patch_ND = at::empty({grid.size(), PatchDim(patch)}, torch::kFloat32);
  float* numbers = patch_ND.data_ptr<float>();
  ForEachNumber(grid, patch, [&](int64_t number, int64_t pixel) {
    numbers[number] = FromPixelValue<float>(image.rgb[pixel]);
  });
  return patch_ND;
}

Image Unpatchify(const torch::Tensor& patch_ND, PatchGrid grid, int64_t patch) {
  TORCH_CHECK(
      patch_ND.dim() == 2 && patch_ND.size(0) == grid.size() && patch_ND.size(1) == PatchDim(patch),
      "patches of shape ", patch_ND.sizes(), " for a grid of ", grid.rows, "x", grid.cols,
      " and a patch of ", patch);
  const torch::Tensor value_ND =
      PixelValues(patch_ND.detach().to(torch::kCPU, torch::kFloat32).nan_to_num(-1)).contiguous();
  const float* values = value_ND.data_ptr<float>();
  Image image{.height = grid.rows * patch, .width = grid.cols * patch, .rgb = {}};
  image.rgb.resize(value_ND.numel());
  ForEachNumber(grid, patch, [&](int64_t number, int64_t pixel) {
    image.rgb[pixel] = static_cast<uint8_t>(values[number]);
  });
  return image;
}

}  // namespace tessera
