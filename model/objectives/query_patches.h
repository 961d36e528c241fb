// Drafts: patches that the backbone is to predict, noisy or hidden, each in a slot of its own
// beside the sequence, at the place of the patch. A draft sees what is before it in the sequence,
// and the drafts of its group; no slot of the sequence sees a draft. By `model.objective`:
//   head     no drafts: the state before a patch tells the image head
//   copies   a patch with noise of its own level, a group of its own; the state at it is mapped to
//            what a denoising network puts out (https://spaces.ac.cn/archives/10197, cure A)
//   whole    a picture's patches with noise of one level, a group; mapped likewise
//            (https://spaces.ac.cn/archives/9984; Zhou et al. 2024, "Transfusion")
//   masked   a picture's patches, a random set hidden, a group; the states at the hidden ones tell
//            the image head (Li et al. 2024, "Autoregressive image generation without vector
//            quantization")
// B = rows, T = slots a row, V = slots a row with drafts, P = patches of the batch, N = drafted
// patches, K = drafts of each, D = numbers a patch.
#pragma once

#include "sequence/batch.h"

namespace tessera {

using torch::Tensor;

constexpr double kMostTau =
    1000;  // what schedules tell of pure noise, at most; or of a clean patch

// Which of the batch's patches are scored, hence drafted: [N], ascending.
Tensor ScoredPatches(const Batch& batch);

// Of each patch, its picture, counted from 0 over the pictures that have one of these patches.
Tensor PicturesOf(const Batch& batch, const Tensor& patch_N);

// Of each picture, a random set with the share cos(pi u / 2), u uniform, rounded up: the shares
// that generation in rounds meets (Chang et al. 2022, "MaskGIT").
Tensor HideAtRandom(const Tensor& picture_N, at::Generator rng);

// How many patches of a picture are drawn after this round of all, `drawn` before: the others
// follow the cosine of MaskGIT, but each round draws one at least.
int64_t DrawnAfter(int64_t round, int64_t rounds, int64_t drawn, int64_t patches);

// Of each patch the round in which it is drawn, in an order of its picture by chance.
Tensor RoundsAtRandom(const Tensor& picture_N, int64_t rounds, at::Generator rng);

struct DraftContents {
  Tensor patch_KND;
  Tensor level_KN = {};   // as Batch::level_P; undefined if no draft is noisy
  Tensor hidden_KN = {};  // undefined if none is hidden
};

struct Drafted {
  Batch batch;     // [B, V]: drafts stand after the row's slots. It has no targets.
  Tensor slot_KN;  // b * V + v
};

// together: a draw's drafts of a picture are a group, which sees what is before the picture.
Drafted AppendDrafts(const Batch& batch, const Tensor& patch_N, bool together,
                     const DraftContents& contents);

}  // namespace tessera
