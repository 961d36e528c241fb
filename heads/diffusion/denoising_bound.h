// How many bits an 8-bit patch costs under what a denoising network knows: a variational bound in
// continuous time (Kingma et al. 2021, "Variational diffusion models", eqs. 10 to 19) down to the
// least noise that the network has learnt, where a decoder reads off the numbers. It asks nothing
// about smaller noise, so a network is not charged for what it was not trained on.
// Noise is counted as a deviation sigma on a signal of scale 1, y = x + sigma n.
// N = patches, D = numbers a patch.
#pragma once

#include "heads/image_head.h"

namespace tessera {

// log2 of the probability [N, D] of 8-bit numbers under the bins of a Gaussian around the predicted
// ones, which is cut off where the pixel values end. A wide one is the uniform distribution.
Tensor DecodedBits(const Tensor& x_ND, const Tensor& predicted_ND, double variance);

// The decoder at whose noise the bound of these patches is least.
BinDecoder FitBinDecoder(const CleanAt& clean, const Tensor& x_ND, at::Generator rng);

// Bits a number [N], whose expectation over rng is a bound: the prior at much noise, the weighted
// squared errors between there and decoder.sigma, and the decoder.
Tensor DenoisingBoundBits(const CleanAt& clean, const BinDecoder& decoder, const Tensor& x_ND,
                          at::Generator rng);

}  // namespace tessera
