#include "heads/diffusion/diffusion.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "heads/density_loss.h"
#include "heads/diffusion/denoising_bound.h"
#include "heads/diffusion/learned_variance.h"
#include "heads/diffusion/prediction.h"
#include "heads/guidance_conditions.h"
#include "ops/failures.h"
#include "ops/random.h"

namespace tessera {

Diffusion::Diffusion(const DiffusionConfig& config, int64_t patch_dim)
    : config_(config), patch_dim_(patch_dim), schedule_(config.schedule, config.noise_scale) {}

HeadLoss Diffusion::Loss(const NoisyNetwork& network, const Tensor& x_ND, at::Generator rng) const {
  return DenoisingLoss(config_, schedule_, network, x_ND, std::move(rng));
}

HeadLoss Diffusion::LossInGroups(const NoisyNetwork& network, const Tensor& x_ND,
                                 const Tensor& time_N, at::Generator rng) const {
  const int64_t times = time_N.max().item<int64_t>() + 1;
  const Tensor t_KM1 = DrawTimes(config_, {config_.repeats, times, 1}, rng, x_ND.options());
  return DenoisingLossAt(config_, schedule_, network, {x_ND, at::index_select(t_KM1, 1, time_N)},
                         rng);
}

std::vector<NoiseLevel> Diffusion::Levels(const SamplerConfig& sampler) const {
  return SamplerLevels(sampler, schedule_);
}

Tensor Diffusion::Draw(const DrawingRun& run, std::vector<at::Generator>& rngs) const {
  const bool amed = run.sampling.config.kind == SamplerKind::kAmed;
  const torch::TensorOptions options =
      run.conditions.guidance.front().z_NZ.options().dtype(SampleType(run.conditions));
  return RunSampler({.config = run.sampling.config,
                     .levels = run.levels,
                     .denoise = MakeDenoise(run),
                     .noise = [&] { return RandnRows(rngs, patch_dim_, options); },
                     .unknown = Unknown(run),
                     .clean_at = amed ? CleanUnder(run.network, run.conditions) : nullptr,
                     .amed = run.sampling.amed});
}

bool Diffusion::Holds(const Conditions& conditions, double t) {
  return conditions.guided_from <= t && t <= conditions.guided_to;
}

int64_t Diffusion::Unknown(const DrawingRun& run) const {
  const double end = TimeQuantile(config_, run.sampling.config.trained_share);
  const auto first = std::ranges::find_if(
      run.levels, [&](const NoiseLevel& level) { return schedule_.TimeOf(level) > end; });
  return first - run.levels.begin();
}

Denoise Diffusion::MakeDenoise(const DrawingRun& run) const {
  const CleanForm form = CleanFrom(config_.prediction, schedule_, Stack(run.levels));
  const auto factors = [](const Tensor& of_S) {
    return std::vector<double>(of_S.const_data_ptr<double>(),
                               of_S.const_data_ptr<double>() + of_S.numel());
  };
  // The numbers of a patch are few, so that what is left out here is seen in the time of a picture.
  return [this, run, from_noisy = factors(form.from_noisy),
          from_output = factors(form.from_output)](const Tensor& x_ND, int64_t level) -> Denoised {
    if (run.sampling.stop != nullptr && *run.sampling.stop) {
      throw Stopped();
    }
    const double t = schedule_.FlowTime(run.levels[static_cast<size_t>(level)]);
    const Tensor output_NO = run.network->Output(x_ND, level, Holds(run.conditions, t));
    const bool learns_variance = LearnsVariance(config_);
    Tensor clean_ND = learns_variance ? output_NO.slice(1, 0, patch_dim_) : output_NO;
    if (config_.prediction != Prediction::kX) {
      const double kept = from_noisy[static_cast<size_t>(level)];
      clean_ND = at::add(kept == 1 ? x_ND : x_ND * kept, clean_ND,
                         from_output[static_cast<size_t>(level)]);
    }
    if (!learns_variance) {
      return {clean_ND, {}};
    }
    return {clean_ND, VarianceFraction(output_NO.slice(1, patch_dim_))};
  };
}

CleanAt Diffusion::CleanUnder(std::shared_ptr<GuidedNetwork> network,
                              const Conditions& conditions) const {
  const double from = conditions.guided_from, to = conditions.guided_to;
  return [this, network, from, to](const Tensor& y_ND, const Tensor& sigma_N1) {
    const NoiseLevels levels_N1 = schedule_.AtSigmas(sigma_N1);
    const Tensor x_ND = y_ND * levels_N1.alpha, tau_N = levels_N1.tau.squeeze(1);
    Tensor output_NO = network->OutputAt(x_ND, tau_N, /*guided=*/true);
    if (from > 0 || to < 1) {
      const Tensor t_N1 = schedule_.FlowTime(levels_N1);
      const Tensor in_N1 = at::logical_and(t_N1 >= from, t_N1 <= to);
      output_NO = at::where(in_N1, output_NO, network->OutputAt(x_ND, tau_N, /*guided=*/false));
    }
    return CleanOf(output_NO, x_ND, levels_N1);
  };
}

Tensor Diffusion::CleanOf(const Tensor& output_NO, const Tensor& x_ND,
                          const NoiseLevels& levels_N1) const {
  const CleanForm form_N1 = CleanFrom(config_.prediction, schedule_, levels_N1);
  return form_N1.from_noisy * x_ND + form_N1.from_output * output_NO.slice(1, 0, patch_dim_);
}

StepGuess Diffusion::Guess(const NoisyNetwork& network, const Tensor& noisy_ND,
                           const NoiseLevel& level) const {
  const Tensor tau_N = at::full({noisy_ND.size(0)}, level.tau, noisy_ND.options());
  const Tensor output_NO = network(noisy_ND, tau_N).to(noisy_ND.scalar_type());
  const CleanForm form = CleanFrom(config_.prediction, schedule_, Stack({level}));
  const Tensor clean_ND =
      at::add(noisy_ND * form.from_noisy.item<double>(), output_NO.slice(1, 0, patch_dim_),
              form.from_output.item<double>());
  if (!LearnsVariance(config_)) {
    return {clean_ND, {}};
  }
  return {clean_ND, VarianceFraction(output_NO.slice(1, patch_dim_))};
}

CleanAt Diffusion::CleanBy(const NoisyNetwork& network) const {
  return [this, network](const Tensor& y_ND, const Tensor& sigma_N1) {
    const NoiseLevels levels_N1 = schedule_.AtSigmas(sigma_N1);
    const Tensor x_ND = y_ND * levels_N1.alpha;
    const Tensor output_NO = network(x_ND, levels_N1.tau.squeeze(1)).to(x_ND.scalar_type());
    return CleanOf(output_NO, x_ND, levels_N1);
  };
}

Likelihood Diffusion::MeasureByOde(const NoisyNetwork& network, const Tensor& x_ND,
                                   at::Generator rng) const {
  const CleanAtLevel clean = [&](const Tensor& noisy_ND, const NoiseLevel& level) {
    return Guess(network, noisy_ND, level).clean_ND;
  };
  const Tensor log_density_N = OdeLogDensity(clean, schedule_, Dequantise(x_ND, rng), rng);
  const Tensor log_mass_N = log_density_N - kNatsPerPixelValue * static_cast<double>(patch_dim_);
  return {LikelihoodKind::kExactOde, BitsOf(log_mass_N.unsqueeze(1), patch_dim_)};
}

Likelihood Diffusion::Measure(const NoisyNetwork& network, const Tensor& x_ND,
                              const Measurement& measurement) const {
  const Tensor exact_ND = x_ND.to(torch::kDouble);
  if (measurement.exact_ode) {
    return MeasureByOde(network, exact_ND, measurement.rng);
  }
  switch (schedule_.kind()) {
    case NoiseScheduleKind::kFlow: {
      const BinDecoder decoder = measurement.decoder.value_or(DecoderAtEnd());
      return {LikelihoodKind::kBound,
              DenoisingBoundBits(CleanBy(network), decoder, exact_ND, measurement.rng)};
    }
    case NoiseScheduleKind::kCosine: {
      const GuessAt guess = [&](const Tensor& noisy_ND, const NoiseLevel& level) {
        return Guess(network, noisy_ND, level);
      };
      return {LikelihoodKind::kBound,
              VariationalBoundBits(guess, schedule_, exact_ND, measurement.rng)};
    }
  }
  TORCH_CHECK(false, "noise schedule ", static_cast<int>(schedule_.kind()));
}

std::optional<BinDecoder> Diffusion::FitDecoder(const NoisyNetwork& network, const Tensor& x_ND,
                                                at::Generator rng) const {
  if (schedule_.kind() == NoiseScheduleKind::kCosine) {
    return std::nullopt;
  }
  return FitBinDecoder(CleanBy(network), x_ND.to(torch::kDouble), std::move(rng));
}

BinDecoder Diffusion::DecoderAtEnd() const {
  const NoiseLevel level = schedule_.AtTime(TimeQuantile(config_, SamplerConfig().trained_share));
  const double sigma = level.sigma / level.alpha;
  return {sigma, sigma * sigma};
}

}  // namespace tessera
