// How a step follows the gradient: the optimizer of a run and its numbers.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "config/enum_names.h"
#include "ops/precision.h"

namespace tessera {

enum class OptimizerKind { kAdamW, kMuon };
constexpr auto EnumNames(OptimizerKind) { return std::array{"adamw", "muon"}; }

// Whether a factor makes an average forget: decays lie in [0, 1).
constexpr bool IsDecay(double value) { return value >= 0 && value < 1; }

struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::kMuon;
  double lr = 3e-3;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double muon_lr = 0.03;
  double muon_momentum = 0.95;
  Precision muon_precision = FastPrecision();
  double weight_decay = 0.05;
  double clip = 1;
  bool shard = false;

  bool operator==(const OptimizerConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool muon = self.kind == OptimizerKind::kMuon;
    visit("kind", self.kind,
          "This optimizer trains hidden matrices; AdamW trains all other parameters.");
    visit("lr", self.lr, "AdamW has this learning rate.");
    visit("beta1", self.beta1, "AdamW's mean gradient decays by this factor a step.");
    visit("beta2", self.beta2, "AdamW's mean squared gradient decays by this factor a step.");
    visit("muon_lr", self.muon_lr, "Muon has this learning rate.", muon);
    visit("muon_momentum", self.muon_momentum,
          "Muon's momentum decays by this factor a step, and looks a step ahead (Nesterov).", muon);
    visit("muon_precision", self.muon_precision,
          "Muon multiplies matrices in this precision; its default is that of train.precision.",
          muon);
    visit("weight_decay", self.weight_decay,
          "A step takes this times the learning rate off each matrix, as a share of it.");
    visit("clip", self.clip,
          "The whole gradient is scaled down to at most this norm; 0 leaves it as it is.");
    visit("shard", self.shard,
          "Of several processes each keeps the optimizer's state of its share of the parameters "
          "alone (ZeRO-1).");
  }

  std::string Problem() const {
    if (lr < 0 || muon_lr < 0 || weight_decay < 0 || clip < 0) {
      return "learning rates, weight_decay and clip cannot be negative";
    }
    return IsDecay(beta1) && IsDecay(beta2) && IsDecay(muon_momentum)
               ? ""
               : "beta1, beta2 and muon_momentum must be in [0, 1)";
  }
};

}  // namespace tessera
