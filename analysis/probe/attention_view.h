// Where a run looks while it reads a document: the attention weights of chosen slots, as pictures.
// H = heads, T, S = slots of the document.
#pragma once

#include <string>
#include <vector>

#include "analysis/page/html.h"
#include "run/run.h"

namespace tessera {

struct AttentionView {
  Document document = {};
  Sequence sequence = {};
  std::vector<Tensor> weight_HTS = {};  // of each layer, on the CPU; a row sums to 1
  std::vector<int64_t> cells = {};      // of the first picture: where the patch of each turn stands
};

// A document that has a picture.
AttentionView LookAt(const Run& run, const Document& document);

// A slot whose looks are shown, and what it is.
struct Looker {
  const char* name;
  int64_t slot = 0;
};

// The slots that predict the middle and the last patch of the first picture; behind the picture its
// end, and the slot in the middle of the text that follows.
std::vector<Looker> LookersOf(const AttentionView& view);

// Shares of a slot's weight, meaned over the heads of a layer.
struct AttentionShares {
  double text = 0, patches = 0, itself = 0, others = 0;
};
AttentionShares SharesOf(const AttentionView& view, const Run& run, size_t layer, int64_t slot);

// The picture in grey, each cell the redder the larger its weight is beside the largest; cells with
// the weight 0 throughout and those not seen stay grey, the latter paler.
Image HeatPicture(const Image& picture, PatchGrid grid, const std::vector<double>& weight_by_cell,
                  const std::vector<bool>& seen_by_cell);

// The document; then each layer: the picture under each head's heat, in the order of the heads, and
// the texts under the mean of the heads.
std::vector<Figure> AttentionFigures(const AttentionView& view, const Run& run,
                                     const Looker& looker);

}  // namespace tessera
