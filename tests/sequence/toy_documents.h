// Small documents, a data set of them, and the way back from a Batch: the oracle of layout and
// packer.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/text/tokenizer.h"
#include "ops/hash.h"
#include "sequence/batch.h"
#include "sequence/layout.h"
#include "sequence/patches.h"

namespace tessera {

inline Image NoisePicture(int64_t height, int64_t width, uint64_t seed) {
  Image image{.height = height, .width = width, .rgb = {}};
  for (int64_t i = 0; i < 3 * height * width; ++i) {
    image.rgb.push_back(static_cast<uint8_t>(MixBits(MixBits(seed) + i)));
  }
  return image;
}

// 1 to 4 segments; pictures are 4x4 or 2x6.
inline Document ToyDocument(uint64_t seed) {
  Document document;
  const uint64_t segments = 1 + MixBits(seed) % 4;
  for (uint64_t i = 0; i < segments; ++i) {
    const uint64_t bits = MixBits(MixBits(seed) + i);
    const bool text_before = !document.segments.empty() && AsText(document.segments.back());
    if (bits % 2 == 0 && !text_before) {
      document.segments.emplace_back("text " + std::to_string(bits % 1000) + " of a document");
    } else if (bits % 3 == 0) {
      document.segments.emplace_back(NoisePicture(4, 4, bits));
    } else {
      document.segments.emplace_back(NoisePicture(2, 6, bits));
    }
  }
  return document;
}

class ToyDataset : public Dataset {
 public:
  explicit ToyDataset(int64_t size, int64_t bad = -1) : size_(size), bad_(bad) {}
  int64_t size() const override { return size_; }
  absl::StatusOr<Document> Get(int64_t index) const override {
    if (index == bad_) {
      return absl::DataLossError("row 7 of toys.jsonl: truncated");
    }
    return ToyDocument(static_cast<uint64_t>(index));
  }

 private:
  int64_t size_, bad_;
};

inline Tokenizer ToyTokenizer() {
  static const Tokenizer tokenizer =
      *Tokenizer::Train({"text of a document", "a red dot"}, TokenizerConfig());
  return tokenizer;
}

inline LayoutSpec ToyLayout(const Tokenizer& tokenizer) {
  return {.vocabulary = Vocabulary(tokenizer.size(), 2), .grids = {{2, 2}, {1, 3}}, .patch = 2};
}

inline bool operator==(const Batch& a, const Batch& b) {
  const auto tensors = [](const Batch& batch) {
    return std::vector{batch.id_BT,
                       batch.document_BT,
                       batch.position_BT,
                       batch.visible_to_BT,
                       batch.rotary_coordinate_BT2,
                       batch.target_BT,
                       batch.weight_BT,
                       batch.patch_slot_P,
                       batch.patch_PD,
                       batch.patch_row_col_P2,
                       batch.turn_P,
                       batch.noise_P,
                       batch.hidden_P,
                       batch.scored_P,
                       batch.visible_from_BT.defined() ? batch.visible_from_BT
                                                       : at::zeros_like(batch.visible_to_BT)};
  };
  return std::ranges::equal(tensors(a), tensors(b),
                            [](const auto& x, const auto& y) { return torch::equal(x, y); });
}

// Row by row, from left to right.
inline std::vector<Document> Unpack(const Batch& batch, const LayoutSpec& spec,
                                    const Tokenizer& tokenizer) {
  const Vocabulary& v = spec.vocabulary;
  std::vector<Document> documents;
  std::vector<int64_t> text;
  const auto flush = [&] {
    if (!text.empty()) {
      documents.back().segments.emplace_back(tokenizer.Decode(std::exchange(text, {})));
    }
  };
  int64_t patch = 0;
  for (int64_t slot = 0; slot < batch.rows() * batch.slots(); ++slot) {
    const int64_t id = batch.id_BT.flatten()[slot].item<int64_t>();
    if (batch.document_BT.flatten()[slot].item<int64_t>() < 0) {
      continue;
    }
    if (id < v.text_size()) {
      text.push_back(id);
      continue;
    }
    if (id == v.document()) {
      documents.emplace_back();
    }
    flush();
    if (const auto index = v.GridOf(id)) {
      const PatchGrid grid = spec.grids[*index];
      EXPECT_EQ(batch.patch_slot_P[patch].item<int64_t>(), slot + 1);
      documents.back().segments.emplace_back(
          Unpatchify(batch.patch_PD.narrow(0, patch, grid.size()), grid, spec.patch));
      patch += grid.size();
    }
  }
  EXPECT_EQ(patch, batch.patches());
  return documents;
}

}  // namespace tessera
