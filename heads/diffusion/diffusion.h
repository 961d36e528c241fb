// Denoising diffusion of patches over any network: what its loss is, how it draws, and how likely
// it holds a patch. The network predicts the clean patch, the noise or the velocity
// (heads/diffusion/prediction.h); who owns the network hands it in.
// K = noise draws a patch, N = patches, D = numbers a patch, O = outputs a patch (D, or 2 D with a
// learned variance).
#pragma once

#include <memory>
#include <vector>

#include "heads/diffusion/denoising_loss.h"
#include "heads/diffusion/diffusion_likelihood.h"
#include "heads/diffusion/guided_network.h"
#include "heads/image_head.h"
#include "heads/sampler/sampler.h"

namespace tessera {

// What a sampling run draws with.
struct DrawingRun {
  const Sampling& sampling;
  const std::vector<NoiseLevel>& levels;   // Diffusion::Levels(sampling.config)
  std::shared_ptr<GuidedNetwork> network;  // prepared for these levels and conditions
  const Conditions& conditions;            // says when guidance holds, and the type of the patches
};

class Diffusion {
 public:
  Diffusion(const DiffusionConfig& config, int64_t patch_dim);

  int64_t outputs() const { return (LearnsVariance(config_) ? 2 : 1) * patch_dim_; }

  // The loss of patches whose noise draws have a time each.
  HeadLoss Loss(const NoisyNetwork& network, const Tensor& x_ND, at::Generator rng) const;

  // The loss of patches of which those with one number in time_N share the time of a draw. Numbers
  // count from 0.
  HeadLoss LossInGroups(const NoisyNetwork& network, const Tensor& x_ND, const Tensor& time_N,
                        at::Generator rng) const;

  // The noise levels at which a sampler looks, most noise first.
  std::vector<NoiseLevel> Levels(const SamplerConfig& sampler) const;

  // Draws [N, D]; row i takes its noise from rngs[i] alone.
  Tensor Draw(const DrawingRun& run, std::vector<at::Generator>& rngs) const;

  // E[x | y] at any noise, patch by patch, under the conditions of the network.
  CleanAt CleanUnder(std::shared_ptr<GuidedNetwork> network, const Conditions& conditions) const;

  // The likelihood of 8-bit patches: by a bound in continuous time, for the cosine schedule by that
  // of its steps, or by the flow's change of variables. Without a fitted decoder it is at the end
  // of the trained noise. network: [N, D] and tau [N] -> [N, O], under one condition.
  Likelihood Measure(const NoisyNetwork& network, const Tensor& x_ND,
                     const Measurement& measurement) const;

  // What Measure takes for others than these patches; none for the cosine schedule.
  std::optional<BinDecoder> FitDecoder(const NoisyNetwork& network, const Tensor& x_ND,
                                       at::Generator rng) const;

 private:
  // The expected patch, of the network's output at levels of the patches.
  Tensor CleanOf(const Tensor& output_NO, const Tensor& x_ND, const NoiseLevels& levels_N1) const;

  // E[x | y] at any noise, without guidance.
  CleanAt CleanBy(const NoisyNetwork& network) const;

  // The decoder of a network that knows as much as its input at the end of the trained noise.
  BinDecoder DecoderAtEnd() const;

  Likelihood MeasureByOde(const NoisyNetwork& network, const Tensor& x_ND, at::Generator rng) const;
  StepGuess Guess(const NoisyNetwork& network, const Tensor& noisy_ND,
                  const NoiseLevel& level) const;
  Denoise MakeDenoise(const DrawingRun& run) const;

  // The first level with less noise than all but few of those that were trained.
  int64_t Unknown(const DrawingRun& run) const;

  // Whether guidance holds at this flow time.
  static bool Holds(const Conditions& conditions, double t);

  DiffusionConfig config_;
  int64_t patch_dim_;
  NoiseSchedule schedule_;
};

}  // namespace tessera
