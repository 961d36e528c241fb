// What can be read off hidden states by one linear map: ridge regression in closed form, in double.
// N = samples, W = numbers a state, K = numbers to be read, C = classes.
#pragma once

#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// Which samples each part of a probe may see. Samples of one document are in the same part.
struct ProbeSplit {
  Tensor fit_F;     // indices: the map is fitted on these
  Tensor choose_V;  // its ridge is chosen on these
  Tensor judge_J;   // the score is counted on these, which nothing else has seen
};

// By the document of each sample: 3 of 5 documents fit, 1 chooses, 1 judges, in turn. Documents are
// numbers from 0.
ProbeSplit SplitByDocument(const Tensor& document_N);

struct ProbeScore {
  double score = 0;    // of judge_J; NaN if a part has no samples
  double chance = 0;   // the same without looking at the states
  double ridge = 0;    // in units of the mean variance of a number of the states
  int64_t judged = 0;  // samples
};

// The ridges that are tried: 1e-9, 1e-6, 1e-4, 1e-2, 1.

// y_NK = x_NW A + b, both centred on the fitted samples. Score: R^2 over all K numbers,
//   1 - sum (y - prediction)^2 / sum (y - mean)^2,
// with the mean of the fitted samples, or of those of the sample's group where group_N (integers
// from 0) is given: then it is the R^2 of what the group does not already tell, and the probe is
// given the group, by centring x and y on it.
ProbeScore ProbeNumbers(const Tensor& x_NW, const Tensor& y_NK, const ProbeSplit& split,
                        const Tensor& group_N = {});

// Regression on one-hot vectors of class_N, integers from 0; the largest wins. Score: the share
// that is right. Chance: that of the class most frequent among fitted samples.
ProbeScore ProbeClass(const Tensor& x_NW, const Tensor& class_N, const ProbeSplit& split);

}  // namespace tessera
