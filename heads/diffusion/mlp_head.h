// What is known of the diffusion head beyond the seam of image heads.
#pragma once

#include "heads/image_head.h"

namespace tessera {

// E[x | y] at any noise, under these conditions, as the amed sampler asks it of the head and as its
// predictor is fitted. Throws if the head is no diffusion head. The head must outlive the function.
CleanAt CleanUnder(const ImageHead& head, const Conditions& conditions);

}  // namespace tessera
