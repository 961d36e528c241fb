// How a run trains: for how long, with what optimizer, and what it writes on the way.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/precision.h"
#include "run/adapter_config.h"
#include "run/optimizer_config.h"

namespace tessera {

enum class ScheduleKind { kCosine, kConstant, kLinear };
constexpr auto EnumNames(ScheduleKind) { return std::array{"cosine", "constant", "linear"}; }

enum class DeviceKind { kCpu, kCuda };
constexpr auto EnumNames(DeviceKind) { return std::array{"cpu", "cuda"}; }

struct TrainConfig {
  int64_t steps = 2000;
  double minutes = 0;
  int64_t batch = 32;
  int64_t accumulate = 1;
  int64_t row_length = 256;
  double text_weight = 0.04;
  double image_weight = 1;
  Precision precision = FastPrecision();
  DeviceKind device = DeviceKind::kCpu;
  double memory_limit = 0;

  ScheduleKind schedule = ScheduleKind::kCosine;
  double final_fraction = 0.02;
  int64_t warmup = 100;
  double ema = 0.998;
  std::vector<std::string> freeze = {};

  int64_t log_every = 20;
  int64_t evaluate_every = 500;
  int64_t sample_every = 500;
  int64_t checkpoint_every = 500;
  int64_t keep = 2;
  bool tensorboard = true;

  OptimizerConfig optimizer = {};
  AdapterConfig adapter = {};

  bool operator==(const TrainConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool whole = self.adapter.kind == AdapterKind::kNone;  // its parameters are trained
    visit("steps", self.steps, "Training ends after this many steps; with 0 minutes alone end it.");
    visit("minutes", self.minutes,
          "Training ends after this many minutes, if not before; with 0 steps alone end it.");
    visit("batch", self.batch, "This many documents are computed at once.");
    visit("accumulate", self.accumulate, "A step adds up this many batches, as if they were one.");
    visit("row_length", self.row_length, "A row has this many slots for several documents.");
    visit("text_weight", self.text_weight, "The mean loss of text slots counts this much.");
    visit("image_weight", self.image_weight, "The mean loss of patches counts this much.");
    visit("precision", self.precision,
          "Matrices are multiplied in this precision; auto, the default, is bf16 on a CPU that has "
          "it, and else f32. Parameters are f32.");
    visit("device", self.device, "Training runs on this device.");
    visit("memory_limit", self.memory_limit,
          "A run that would take more GiB is refused; 0 allows most of what is free.");
    visit("schedule", self.schedule, "Learning rates fall along this curve after the warm-up.");
    visit("final_fraction", self.final_fraction,
          "Learning rates end at this share of their full size.",
          self.schedule != ScheduleKind::kConstant);
    visit("warmup", self.warmup, "Learning rates rise over this many steps.");
    visit("ema", self.ema,
          "The averaged parameters, which generation uses, decay by this a step; 0 averages none.");
    visit("freeze", self.freeze, "Parameters that match one of these patterns stay as they are.",
          whole);
    OutputFields(self, visit);
    std::vector<std::string> of_matrices;
    if (!whole) {
      of_matrices = {"kind", "muon_lr", "muon_momentum", "muon_precision"};
    }
    visit("optimizer", self.optimizer, "These keys choose how a step follows the gradient.", true,
          of_matrices);
    visit("adapter", self.adapter, "Small matrices can be trained in place of the model's own.");
  }

  std::string Problem() const {
    if (steps <= 0 && minutes <= 0) {
      return "steps and minutes are both 0: the run would not end";
    }
    if (steps < 0 || minutes < 0) {
      return "steps and minutes cannot be negative";
    }
    if (batch < 1 || accumulate < 1 || row_length < 1) {
      return "batch, accumulate and row_length must be at least 1";
    }
    if (!(memory_limit >= 0)) {
      return "memory_limit cannot be negative";
    }
    if (text_weight < 0 || image_weight < 0) {
      return "loss weights cannot be negative";
    }
    if (!IsDecay(ema)) {
      return "ema must be in [0, 1)";
    }
    if (warmup < 0 || final_fraction < 0 || final_fraction > 1) {
      return "warmup must be at least 0 and final_fraction from 0 to 1";
    }
    if (log_every < 1 || keep < 1) {
      return "log_every and keep must be at least 1";
    }
    return evaluate_every < 0 || sample_every < 0 || checkpoint_every < 0
               ? "evaluate_every, sample_every and checkpoint_every cannot be negative"
               : "";
  }

 private:
  // When the run writes what.
  template <class Self, class Visitor>
  static void OutputFields(Self& self, Visitor& visit) {
    visit("log_every", self.log_every, "A line of the log is written after this many steps.");
    visit("evaluate_every", self.evaluate_every,
          "Held-out losses, by which the best checkpoint is kept, come after this many steps and "
          "at the end; 0 is never.");
    visit("sample_every", self.sample_every,
          "A sheet of samples is drawn after this many steps; 0 is only at the end.");
    visit("checkpoint_every", self.checkpoint_every,
          "A checkpoint is written after this many steps; 0 is only at the end.");
    visit("keep", self.keep, "This many of the last checkpoints stay, and the best besides.");
    visit("tensorboard", self.tensorboard,
          "The log and the sheets are also written as TensorBoard's events, log.tfevents.");
  }
};

}  // namespace tessera
