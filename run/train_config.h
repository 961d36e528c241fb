// How a run trains: for how long, with what optimizer, and what it writes on the way.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ops/precision.h"
#include "run/adapter_config.h"

namespace tessera {

enum class OptimizerKind { kAdamW, kMuon };
constexpr auto EnumNames(OptimizerKind) { return std::array{"adamw", "muon"}; }

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
  Precision precision = Precision::kBf16;
  DeviceKind device = DeviceKind::kCpu;

  OptimizerKind optimizer = OptimizerKind::kMuon;
  double lr = 3e-3;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double muon_lr = 0.03;
  double muon_momentum = 0.95;
  Precision muon_precision = Precision::kBf16;
  double weight_decay = 0.05;
  double clip = 1;
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

  AdapterConfig adapter = {};

  bool operator==(const TrainConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool whole = self.adapter.kind == AdapterKind::kNone;  // its parameters are trained
    const bool muon = whole && self.optimizer == OptimizerKind::kMuon;
    visit("steps", self.steps, "of the run; 0: until minutes");
    visit("minutes", self.minutes, "of training, whichever ends first; 0: until steps");
    visit("batch", self.batch, "documents that are computed at once");
    visit("accumulate", self.accumulate, "batches a step, as if they were one");
    visit("row_length", self.row_length, "slots of a row, which holds several documents");
    visit("text_weight", self.text_weight, "of the mean loss of text slots");
    visit("image_weight", self.image_weight, "of the mean loss of patches");
    visit("precision", self.precision, "of matrix products; parameters are always f32");
    visit("device", self.device, "that computes");
    visit("optimizer", self.optimizer, "of hidden matrices; the rest is always AdamW's", whole);
    visit("lr", self.lr, "learning rate of AdamW");
    visit("beta1", self.beta1, "of AdamW: decay of the mean gradient");
    visit("beta2", self.beta2, "of AdamW: decay of the mean squared gradient");
    visit("muon_lr", self.muon_lr, "learning rate of Muon", muon);
    visit("muon_momentum", self.muon_momentum, "of Muon, with Nesterov's step ahead", muon);
    visit("muon_precision", self.muon_precision, "of Muon's matrix products", muon);
    visit("weight_decay", self.weight_decay, "a step and learning rate, of matrices only");
    visit("clip", self.clip, "largest norm of the whole gradient; 0: any");
    visit("schedule", self.schedule, "of the learning rates after the warm-up");
    visit("final_fraction", self.final_fraction, "of the learning rates, left at the end",
          self.schedule != ScheduleKind::kConstant);
    visit("warmup", self.warmup, "steps of rising learning rates");
    visit("ema", self.ema,
          "decay of the averaged parameters, which generation uses; 0: no average");
    visit("freeze", self.freeze, "patterns of parameters that stay as they are", whole);

    visit("log_every", self.log_every, "steps");
    visit(
        "evaluate_every", self.evaluate_every,
        "steps, and at the end: losses on held-out documents, by which the best is kept; 0: never");
    visit("sample_every", self.sample_every, "steps; 0: only at the end");
    visit("checkpoint_every", self.checkpoint_every, "steps; 0: only at the end");
    visit("keep", self.keep, "checkpoints, the last ones, and the best besides");

    visit("adapter", self.adapter, "small matrices, trained in place of the model's");
  }

  std::string Problem() const {
    if (steps <= 0 && minutes <= 0) return "steps and minutes are both 0: the run would not end";
    if (steps < 0 || minutes < 0) return "steps and minutes cannot be negative";
    if (batch < 1 || accumulate < 1 || row_length < 1) {
      return "batch, accumulate and row_length must be at least 1";
    }
    if (text_weight < 0 || image_weight < 0) return "loss weights cannot be negative";
    if (lr < 0 || muon_lr < 0 || weight_decay < 0 || clip < 0) {
      return "learning rates, weight_decay and clip cannot be negative";
    }
    if (!IsDecay(beta1) || !IsDecay(beta2) || !IsDecay(muon_momentum) || !IsDecay(ema)) {
      return "beta1, beta2, muon_momentum and ema must be in [0, 1)";
    }
    if (warmup < 0 || final_fraction < 0 || final_fraction > 1) {
      return "warmup must be at least 0 and final_fraction from 0 to 1";
    }
    if (log_every < 1 || keep < 1) return "log_every and keep must be at least 1";
    if (evaluate_every < 0 || sample_every < 0 || checkpoint_every < 0) {
      return "evaluate_every, sample_every and checkpoint_every cannot be negative";
    }
    return "";
  }

 private:
  static bool IsDecay(double value) { return value >= 0 && value < 1; }
};

}  // namespace tessera
