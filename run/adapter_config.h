// Which matrices of a trained model get adapters, and how these learn.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tessera {

enum class AdapterKind { kNone, kLora };
constexpr auto EnumNames(AdapterKind) { return std::array{"none", "lora"}; }

enum class ZeroSide { kB, kA };
constexpr auto EnumNames(ZeroSide) { return std::array{"b", "a"}; }

struct AdapterConfig {
  AdapterKind kind = AdapterKind::kNone;
  std::vector<std::string> targets = {"model.layers.*", "head.*"};
  int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  double lr_ratio = 1;
  ZeroSide zero = ZeroSide::kB;

  bool operator==(const AdapterConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool lora = self.kind == AdapterKind::kLora;
    visit("kind", self.kind, "none: the model's own parameters are trained");
    visit("targets", self.targets,
          "patterns of the parameters that get an adapter, as `tessera inspect` names them; only "
          "matrices of linear maps do. Text side: model.layers.*, lm_head; image side: head.*, "
          "patch_embedder.*",
          lora);
    visit("rank", self.rank, "of each change", lora);
    visit("alpha", self.alpha, "scale of the change, times rank", lora);
    visit("dropout", self.dropout,
          "share of an adapter's inputs that a step leaves out, the same for all its rows", lora);
    visit("lr_ratio", self.lr_ratio,
          "learning rate of B over that of A, which is train.lr; LoRA+ recommends 16", lora);
    visit("zero", self.zero, "the side that starts at 0; the other is drawn", lora);
  }

  std::string Problem() const {
    if (targets.empty()) return "targets must name at least one pattern, such as \"head.*\"";
    if (rank < 1) return "rank must be at least 1";
    if (!(alpha > 0) || !(lr_ratio > 0)) return "alpha and lr_ratio must be positive";
    return dropout >= 0 && dropout < 1 ? "" : "dropout must be in [0, 1)";
  }
};

}  // namespace tessera
