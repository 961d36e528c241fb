// The seam of the image input: patches -> vectors of the model's width. Each patch is embedded
// alone, since its neighbours may not be drawn yet; but by the resampler, which reads whole
// pictures and hence is for models that draw none. P = patches, D = numbers a patch, W = width.
#pragma once

#include <torch/types.h>

#include <memory>

#include "heads/codes/patch_autoencoder.h"
#include "model/config.h"
#include "ops/parameter_role.h"

namespace tessera {

using torch::Tensor;

class PatchEmbedder : public ModuleWithRoles {
 public:
  // patch_PD holds pixels in [-1, 1], inner order (row, column, channel). All patches of a picture
  // follow each other.
  virtual Tensor Embed(const Tensor& patch_PD) const = 0;  // -> [P, W]

  // The matrix [W, D], in double, of an embedding that is one, beside a constant; undefined for
  // others.
  virtual Tensor Matrix() const { return {}; }
};

// autoencoder: of the embedding of its codes. slots: of a picture, for the resampler.
std::shared_ptr<PatchEmbedder> MakePatchEmbedder(
    const InputConfig& config, int64_t patch, int64_t width,
    std::shared_ptr<PatchAutoencoder> autoencoder = nullptr, int64_t slots = 1);

// d Embed / d patch at a patch that is embedded alone: [W, D], in double. Where its rank is D, the
// embedding is lossless in the neighbourhood; codes have 0.
Tensor JacobianAt(const PatchEmbedder& embedder, const Tensor& patch_D);

// The pixels whose embedding is e_PW, by least squares, in double: exact while the matrix has rank
// D. Of an embedding with a Matrix().
Tensor RecoverPatches(const PatchEmbedder& embedder, const Tensor& e_PW);

}  // namespace tessera
