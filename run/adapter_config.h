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

enum class BaseStorage { kF32, kBf16 };
constexpr auto EnumNames(BaseStorage) { return std::array{"f32", "bf16"}; }

struct AdapterConfig {
  AdapterKind kind = AdapterKind::kNone;
  std::vector<std::string> targets = {"model.layers.*", "head.*"};
  int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  double lr_ratio = 1;
  ZeroSide zero = ZeroSide::kB;
  BaseStorage base = BaseStorage::kF32;

  bool operator==(const AdapterConfig&) const = default;

  template <class Self, class Visitor>
  static void Fields(Self& self, Visitor& visit) {
    const bool lora = self.kind == AdapterKind::kLora;
    visit("kind", self.kind,
          "Adapters of low rank are trained (lora), or the model's own parameters (none).");
    visit("targets", self.targets,
          "Linear maps that match a pattern get an adapter: model.layers.* and lm_head for text, "
          "head.* and patch_embedder.* for pictures.",
          lora);
    visit("rank", self.rank, "An adapter changes its matrix by one of this rank.", lora);
    visit("alpha", self.alpha, "The change is scaled by alpha / rank.", lora);
    visit("dropout", self.dropout,
          "A step leaves out this share of an adapter's inputs, the same for all its rows.", lora);
    visit("lr_ratio", self.lr_ratio,
          "B learns this many times faster than A, whose rate is train.optimizer.lr; LoRA+ "
          "recommends 16.",
          lora);
    visit("zero", self.zero, "This side starts at 0; the other is drawn.", lora);
    visit(
        "base", self.base,
        "Training holds the matrices of the transformer, embed_tokens and lm_head so; bf16 rounds "
        "what an import from bf16 did not.",
        lora);
  }

  std::string Problem() const {
    if (targets.empty()) {
      return "targets must name at least one pattern, such as \"head.*\"";
    }
    if (rank < 1) {
      return "rank must be at least 1";
    }
    if (!(alpha > 0) || !(lr_ratio > 0)) {
      return "alpha and lr_ratio must be positive";
    }
    return dropout >= 0 && dropout < 1 ? "" : "dropout must be in [0, 1)";
  }
};

}  // namespace tessera
