// How far two sets of pictures are apart, each picture given by F features. N = pictures of a set.
// Everything in double.
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

namespace tessera {

using torch::Tensor;

// What the Frechet distance knows of a set, in double.
struct Gaussian {
  Tensor mean_F, covariance_FF;
};

// Covariances are divided by N - 1, as usual.
Gaussian GaussianOf(const Tensor& features_NF);

double FrechetDistance(const Gaussian& a, const Gaussian& b);

// Frechet distance of the Gaussians of equal mean and covariance (Heusel et al. 2017):
//   |m_a - m_b|^2 + tr A + tr B - 2 tr (A^{1/2} B A^{1/2})^{1/2},
// the roots by symmetric eigendecomposition. The distance of few pictures is too large: compare
// sets of equal size.
double FrechetDistance(const Tensor& a_NF, const Tensor& b_NF);

struct KernelDistance {
  double mean = 0;
  double error = 0;  // standard error
};

// Kernel inception distance (Binkowski et al. 2018): the unbiased squared MMD under the kernel
// (x y / F + 1)^3, meaned over disjoint subsets of both sets, which rng shuffles. Since no picture
// is in two subsets, their spread gives the standard error of the mean. Needs 2 subsets of 2
// pictures.
KernelDistance KernelInceptionDistance(const Tensor& a_NF, const Tensor& b_NF, int64_t subsets,
                                       at::Generator rng);

// The unbiased squared MMD of two whole sets under that kernel. May be negative.
double PolynomialMmd(const Tensor& a_NF, const Tensor& b_NF);

// Precision is the share of drawn pictures that lie in a ball around a true one that reaches to its
// k-th nearest true neighbour; recall exchanges the sets (Kynkaanniemi et al. 2019, eq. 1 and 2).
struct PrecisionRecall {
  double precision = 0;
  double recall = 0;
};
PrecisionRecall MeasurePrecisionRecall(const Tensor& true_NF, const Tensor& drawn_NF, int64_t k);

// Standard error of the Frechet distance to the drawn pictures, by drawing them anew with
// repetition (Efron 1979). Few times, since each takes an eigendecomposition.
double FrechetError(const Gaussian& real, const Tensor& drawn_NF, at::Generator rng);

// exp E KL(p(class | picture) | p(class)) (Salimans et al. 2016), from 1 to the number of classes.
double InceptionScore(const Tensor& logits_NK);

// Squared energy distance 2 E|x - y| - E|x - x'| - E|y - y'| (Szekely and Rizzo 2013), each mean
// over pairs of different samples, so that it is right on average and may be negative. Of B pairs
// of sets at once: x_BND, y_BMD -> [B]. N, M >= 2.
Tensor EnergyDistance(const Tensor& x_BND, const Tensor& y_BMD);

}  // namespace tessera
