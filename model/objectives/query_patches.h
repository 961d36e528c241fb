// Query patches: patches that the backbone is to predict, noisy or hidden, each in a slot of its
// own beside the sequence, at the row, column and position of the patch (the query stream of Yang
// et al. 2019, "XLNet", for patches). A query sees what stands before it in the sequence and the
// queries of its group; no slot of the sequence sees a query. B = rows, T = slots a row, V = slots
// a row with queries, P = patches of the batch, N = queried patches, K = queries of each, D =
// numbers a patch.
#pragma once

#include "sequence/batch.h"

namespace tessera {

using torch::Tensor;

// The network of a noise schedule is conditioned on tau, at most this for pure noise or for a clean
// patch; the model's level embedding reads tau / kMostTau.
constexpr double kMostTau = 1000;

// The patches of the batch that are scored, hence queried: [N], ascending.
Tensor ScoredPatches(const Batch& batch);

// The picture of each of these patches of the input, counted from 0 over the pictures that have one
// of them: [N].
Tensor PicturesOf(const ModelInput& input, const Tensor& patch_N);

// Hides a random set of each picture's patches: the share cos(pi u / 2), u uniform, rounded up,
// which are the shares that generation in rounds meets (Chang et al. 2022, "MaskGIT"). -> bool [N]
Tensor HideAtRandom(const Tensor& picture_N, at::Generator rng);

// How many of a picture's patches are drawn once this round of all is over, given how many were
// before it. The rest follows the cosine of MaskGIT, but each round draws one patch at least.
int64_t DrawnAfter(int64_t round, int64_t rounds, int64_t drawn, int64_t patches);

// The round in which each patch is drawn, in a random order of its picture: [N].
Tensor RoundsAtRandom(const Tensor& picture_N, int64_t rounds, at::Generator rng);

struct QueryContents {
  Tensor patch_KND;
  Tensor level_KN = {};   // as Batch::level_P; undefined if no query is noisy
  Tensor hidden_KN = {};  // undefined if none is hidden
};

struct WithQueries {
  ModelInput input;  // [B, V]: queries stand after the row's slots
  Tensor slot_KN;    // b * V + v
};

// together: the queries of one picture and one k are a group, which sees what stands before the
// picture; else each query is a group of its own.
WithQueries AppendQueries(const ModelInput& input, const Tensor& patch_N, bool together,
                          const QueryContents& contents);

}  // namespace tessera
