// The seam of the image side: p(patch | condition), a distribution over one continuous patch.
// N = patches, Z = width of the condition, D = numbers a patch, in [-1, 1].
// Whoever predicts owns its loss and its sampling: the model never learns which head it has.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "heads/codes/autoencoder_config.h"
#include "heads/config.h"
#include "heads/network_size.h"
#include "ops/parameter_role.h"
#include "ops/precision.h"

namespace tessera {

using torch::Tensor;

// Densities count nats of an 8-bit number (ops/pixels.h), codes nats of a code, denoising counts
// squared errors.
// mean is differentiable; the rest is detached, for the log. M = noise draws of all patches; a head
// that knows no noise levels leaves both tensors of them undefined.
struct HeadLoss {
  Tensor mean;        // scalar: over patches, numbers of a patch and noise draws
  Tensor by_patch_N;  // the same, not averaged over patches
  Tensor level_M;     // in [0, 1], 0 = all noise, 1 = clean
  Tensor by_level_M;  // mean squared error of the predicted clean patch at that level
};

// What a likelihood is worth. exact: it is the head's own. bound: on average it is no better than
// the head's own. exact_ode: it is that of an exact solution, which no sampler draws. of_codes: it
// is that of the codes that stand for the patches, not of the picture.
enum class LikelihoodKind { kExact, kBound, kExactOde, kOfCodes };
constexpr auto EnumNames(LikelihoodKind) {
  return std::array{"exact", "bound", "exact_ode", "of_codes"};
}

// The likelihood of the 8-bit picture that a drawn patch is rounded to, in which heads compare
// whatever they model.
struct Likelihood {
  LikelihoodKind kind;
  Tensor bits_N;  // double: -log2 p(patch | condition) / D
};

// How 8-bit numbers are read off their expected patch at a noise deviation `sigma` on a signal of
// scale 1: as the bins of a Gaussian of this variance around it.
struct BinDecoder {
  double sigma;
  double variance;
};

// How a likelihood is measured. Heads that know their own exactly read none of this.
struct Measurement {
  Measurement(at::Generator rng) : rng(std::move(rng)) {}

  at::Generator rng;
  std::optional<BinDecoder> decoder = {};  // that ImageHead::FitDecoder found
  bool exact_ode = false;  // a head that denoises follows its flow in place of its bound
};

// One condition and its weight in the guided prediction, sum_k weight_k * prediction(z_k). Weights
// of a row sum to 1: classifier-free guidance u + w (c - u) is weights w and 1 - w.
struct GuidanceCondition {
  Tensor z_NZ;
  Tensor weight_N1;
};

// What patches are drawn under. guidance[0] is the condition itself, and alone counts at flow times
// outside [guided_from, guided_to].
struct Conditions {
  std::vector<GuidanceCondition> guidance;
  double guided_from = 0;
  double guided_to = 1;
};

// E[x | y], where y = x + sigma n: each patch has a noise deviation of its own, or all the same if
// sigma_N1 has one row. Differentiable in both. Heads that know no noise have none.
using CleanAt = std::function<Tensor(const Tensor& y_ND, const Tensor& sigma_N1)>;

class AmedPredictor;
class PatchAutoencoder;

// How patches are drawn.
struct Sampling {
  // The predictor chooses the levels of sampler amed and is null for all others.
  Sampling(SamplerConfig config = {}, std::shared_ptr<AmedPredictor> amed = nullptr)
      : config(config), amed(std::move(amed)) {}

  SamplerConfig config;
  std::shared_ptr<AmedPredictor> amed;
  const std::atomic<bool>* stop = nullptr;  // once it is set, drawing throws Stopped
};

// Draws as ImageHead::Sample does.
using PatchSampler =
    std::function<Tensor(const Conditions&, const Sampling&, std::vector<at::Generator>&)>;

class ImageHead : public ModuleWithRoles {
 public:
  explicit ImageHead(const HeadConfig& config) : config_(config) {}

  // Differentiable in z_NZ and in the parameters.
  virtual HeadLoss Loss(const Tensor& z_NZ, const Tensor& x_ND, at::Generator rng) = 0;

  // Draws one patch a row, [N, D], without gradients. Row i draws from rngs[i] alone, so that a
  // row's patch does not depend on what else is in the batch. Throws if SamplerProblem names a
  // problem.
  Tensor Sample(const Conditions& conditions, const Sampling& sampling,
                std::vector<at::Generator>& rngs);

  // Sample over weights that are packed now (ops/packed_linear.h) and must not change while it is
  // used; Sample itself for heads and devices that have nothing faster. The head must outlive it.
  virtual PatchSampler PackedSampler(WeightStorage storage);

  // The likelihood of patches of 8-bit numbers.
  virtual Likelihood Measure(const Tensor& z_NZ, const Tensor& x_ND,
                             const Measurement& measurement) = 0;

  // The decoder that makes the bound of these patches least, for Measure to take on others; none of
  // a head that needs none.
  virtual std::optional<BinDecoder> FitDecoder(const Tensor& z_NZ, const Tensor& x_ND,
                                               at::Generator rng);

 protected:
  const HeadConfig& config() const { return config_; }

 private:
  virtual Tensor SampleRows(const Conditions& conditions, const Sampling& sampling,
                            std::vector<at::Generator>& rngs) = 0;

  HeadConfig config_;
};

// Throws what the border has refused in a sentence (SamplerProblem).
void CheckSampler(const HeadConfig& head, const SamplerConfig& sampler);

// autoencoder: whose codes the head may write, or null.
using AutoencoderPtr = std::shared_ptr<PatchAutoencoder>;
std::shared_ptr<ImageHead> MakeImageHead(const HeadConfig& config, int64_t condition_dim,
                                         int64_t patch_dim,
                                         const AutoencoderPtr& autoencoder = nullptr);

// The size of what MakeImageHead makes, for the memory that it will take. `codes`: the config of
// the autoencoder.
NetworkSize SizeOfImageHead(const HeadConfig& config, const AutoencoderConfig& codes,
                            double condition_dim, double patch_dim);

// What each kind's file defines; make_image_head.cc declares them all.
struct HeadFamily {
  decltype(&MakeImageHead) make;
  decltype(&SizeOfImageHead) size;
};
template <HeadKind kind>
using HeadOf = std::integral_constant<HeadKind, kind>;
template <HeadKind kind>
using FamilyOf = HeadFamily(HeadOf<kind>);

}  // namespace tessera
