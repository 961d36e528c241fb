// The keys of a run's config that earlier versions had elsewhere.
#pragma once

#include "config/moved_keys.h"

namespace tessera {

inline constexpr MovedKey kMovedKeys[] = {
    {"data.retry", "", "a file operation that fails for a passing reason is tried five times"},
    {"data.picture_first", "data.show.picture_first"},
    {"data.drop_text", "data.show.drop_text"},
    {"data.drop_images", "data.show.drop_images"},
    {"data.noise_generated", "data.show.noise_generated"},
    {"data.noise_read", "data.show.noise_read"},
    {"data.prompt_weight", "data.show.prompt_weight"},
    {"model.head.prediction", "model.head.diffusion.prediction"},
    {"model.head.loss", "model.head.diffusion.loss"},
    {"model.head.schedule", "model.head.diffusion.schedule"},
    {"model.head.noise_scale", "model.head.diffusion.noise_scale"},
    {"model.head.learn_variance", "model.head.diffusion.learn_variance"},
    {"model.head.repeats", "model.head.diffusion.repeats"},
    {"model.head.time_density", "model.head.diffusion.time_density"},
    {"model.head.time_mean", "model.head.diffusion.time_mean"},
    {"model.head.time_sd", "model.head.diffusion.time_sd"},
    {"model.head.time_shift", "model.head.diffusion.time_shift"},
    {"model.head.components", "model.head.gmm.components"},
    {"model.head.covariance", "model.head.gmm.covariance"},
    {"model.head.frequencies", "model.head.fourier.frequencies"},
    {"model.head.support", "model.head.fourier.support"},
    {"model.head.half_period", "model.head.fourier.half_period"},
    {"model.head.smoothness", "model.head.fourier.smoothness"},
    {"model.head.softmax", "model.head.codes.softmax"},
    {"train.optimizer", "train.optimizer.kind"},
    {"train.lr", "train.optimizer.lr"},
    {"train.beta1", "train.optimizer.beta1"},
    {"train.beta2", "train.optimizer.beta2"},
    {"train.muon_lr", "train.optimizer.muon_lr"},
    {"train.muon_momentum", "train.optimizer.muon_momentum"},
    {"train.muon_precision", "train.optimizer.muon_precision"},
    {"train.weight_decay", "train.optimizer.weight_decay"},
    {"train.clip", "train.optimizer.clip"},
};

}  // namespace tessera
