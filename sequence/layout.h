// One Document -> one sequence of slots:
//   <doc> text <image HxW> patch_1 .. patch_N <end-image> text ... <end-doc>
// with as many openers as patches are predicted at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "data/config.h"
#include "data/document.h"
#include "data/text/tokenizer.h"
#include "sequence/arrangement.h"
#include "sequence/grids.h"
#include "sequence/vocabulary.h"

namespace tessera {

struct LayoutSpec {
  Vocabulary vocabulary;  // of the tokenizer's size and one opener for each grid
  std::vector<PatchGrid> grids;
  int64_t patch = 8;  // side in pixels
  Fit fit = Fit::kCover;
  double prompt_weight = 1;  // of text that stands before the first picture
  int64_t max_slots = 0;     // of a sequence; 0: any number
  Arrangement arrangement = {};
};

// How one document is shown. Of `noise` and `hidden`, pictures without an entry have 0 and false.
struct Presentation {
  bool drop_text = false;          // <null-text> in each text token's place; no id is scored
  std::vector<double> noise = {};  // of each picture: standard deviation on its input patches
  std::vector<bool> hidden = {};   // of each picture: the model sees only its places; not scored
  uint64_t order_key = 0;          // of the document, for pictures in random order
  bool given = true;  // the first segment, which the mask `prefix` shows whole, is no model's work
};

struct Picture {
  int64_t first_slot = 0;  // of its first patch
  PatchGrid grid;
  Image image;  // of the grid's size
  double noise = 0;
  bool hidden = false;
  bool scored = true;  // false: the document says that it is not learnt
  uint64_t order_key = 0;

  bool operator==(const Picture&) const = default;
};

struct Sequence {
  std::vector<int64_t> ids;
  std::vector<float> weights;  // of predicting each slot's id, in the text loss; 0: not scored
  std::vector<Picture> pictures;
  int64_t prefix = 0;  // so many of its first slots see each other; they are not scored
  Arrangement arrangement = {};
  int64_t set = -1;  // of a mixture, the number of the document's set

  int64_t size() const { return static_cast<int64_t>(ids.size()); }
  bool operator==(const Sequence&) const = default;
};

// The slot whose hidden state predicts the picture's patch of this turn under objective head.
int64_t PredictorSlot(const Sequence& sequence, const Picture& picture, int64_t turn);

// The slots of a picture: its openers, its patches and its end.
int64_t PictureSlots(const LayoutSpec& spec, const PatchGrid& grid);

// Whether a picture of each grid has room in max_slots, and as many patches as the head takes.
absl::Status CheckLayout(const LayoutSpec& spec);

// Pictures take the grid of the nearest aspect. A patch or <end-image> is certain, hence not
// scored; nor is any slot of a segment that the document has in `unscored`, nor the <end-doc>
// behind it. A document that exceeds max_slots is cut as sequence/fit.h says; it has no <end-doc>
// if its last segment is not whole. Under the mask `prefix` a first segment that another follows is
// the prefix.
Sequence Layout(const Document& document, const LayoutSpec& spec, const Tokenizer& tokenizer,
                const Presentation& presentation = {});

// Without <end-doc>: what generation continues. Its first segment is the prefix even if alone.
Sequence LayoutPrompt(const Document& document, const LayoutSpec& spec, const Tokenizer& tokenizer,
                      const Presentation& presentation = {});

}  // namespace tessera
