#include "heads/diffusion/denoising_loss.h"

#include <ATen/Functions.h>

#include "heads/diffusion/learned_variance.h"
#include "heads/diffusion/prediction.h"

namespace tessera {

bool LearnsVariance(const DiffusionConfig& config) {
  return config.learn_variance && config.schedule == NoiseScheduleKind::kCosine;
}

HeadLoss DenoisingLoss(const DiffusionConfig& config, const NoiseSchedule& schedule,
                       const NoisyNetwork& network, const Tensor& x_ND, at::Generator rng) {
  const Tensor t_KN1 = DrawTimes(config, {config.repeats, x_ND.size(0), 1}, rng, x_ND.options());
  return DenoisingLossAt(config, schedule, network, {x_ND, t_KN1}, rng);
}

HeadLoss DenoisingLossAt(const DiffusionConfig& config, const NoiseSchedule& schedule,
                         const NoisyNetwork& network, const TimedPatches& timed,
                         at::Generator rng) {
  const Tensor& x_ND = timed.x_ND;
  const int64_t dim = x_ND.size(1);
  const NoiseLevels levels = schedule.AtTimes(timed.t_KN1);
  const Tensor noise_KND = at::randn({timed.t_KN1.size(0), x_ND.size(0), dim}, rng, x_ND.options());
  const Tensor noisy_KND = at::addcmul(levels.alpha * x_ND, levels.sigma, noise_KND);

  // Under autocast the output is bfloat16; from here on the precision is x's again.
  const Tensor output_KNO = network(noisy_KND, levels.tau.squeeze(-1)).to(x_ND.scalar_type());
  const Tensor prediction_KND = output_KNO.slice(-1, 0, dim);
  const Tensor target_KND = PredictionTarget(config.prediction, schedule, x_ND, noise_KND, levels);
  const Tensor error_KN1 =
      at::mse_loss(prediction_KND, target_KND, at::Reduction::None).mean(-1, /*keepdim=*/true);
  Tensor loss_KN1 = error_KN1 * LossWeight(config.prediction, config.loss, schedule, levels);
  const CleanForm form = CleanFrom(config.prediction, schedule, levels);
  if (LearnsVariance(config)) {
    const Tensor predicted_KND =
        form.from_noisy * noisy_KND + form.from_output * prediction_KND.detach();
    loss_KN1 = loss_KN1 +
               VariationalBits(schedule, {.step = levels.tau,
                                          .clean = x_ND,
                                          .predicted = predicted_KND,
                                          .fraction = VarianceFraction(output_KNO.slice(-1, dim))});
  }
  return {.mean = loss_KN1.mean(),
          .by_patch_N = loss_KN1.detach().mean(0).squeeze(-1),
          .level_M = schedule.FlowTime(levels).flatten(),
          .by_level_M = (form.from_output.square() * error_KN1.detach()).flatten()};
}

}  // namespace tessera
