// One document while it is being continued: what may come next, and what becomes of each id and
// patch that does. Knows no model. V = ids, D = numbers a patch.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "data/document.h"
#include "infer/config.h"
#include "infer/reader.h"
#include "sequence/layout.h"

namespace tessera {

// By what a document is continued.
struct ContinuationRules {
  const Tokenizer& tokenizer;
  const LayoutSpec& layout;
  GenerateConfig config;
  Until until;
  std::optional<int64_t> grid = {};  // of every picture; else the text head chooses
};

class Continuation {
 public:
  // Draws everything random from rng. The rules must outlive it.
  Continuation(Document prompt, const ContinuationRules& rules, at::Generator rng);

  // How the document is presented to the model.
  const Presentation& presentation() const { return presentation_; }

  // Just one of these three holds. Before a document is written or drawn further, what is unread is
  // read.
  bool done() const { return done_; }
  bool drawing() const { return !done_ && grid_ >= 0; }
  bool writing() const { return !done_ && grid_ < 0; }

  const Document& document() const { return document_; }
  // The document with the text that is being written, without the picture that is being drawn.
  Document Interrupted();

  const GenerateConfig& config() const { return rules_.config; }
  at::Generator& rng() { return rng_; }

  // These four are of the picture being drawn.
  PatchGrid grid() const { return rules_.layout.grids[grid_]; }
  int64_t turn() const { return static_cast<int64_t>(patches_.size()); }
  double share() const {  // of its patches that are drawn
    return static_cast<double>(turn()) / static_cast<double>(grid().size());
  }
  std::vector<int64_t> NextCells() const;  // of the patches that are drawn next, at once

  // What the model has to read before the next id or patch.
  void Unread(ReadBlock block) { unread_.push_back(std::move(block)); }
  bool has_unread() const { return !unread_.empty(); }
  ReadBlock NextUnread();

  // -infinity at the ids that may not come next.
  Tensor AllowedLogits(const Tensor& logits_V) const;

  void AppendId(int64_t id);
  void AppendPatches(const Tensor& patch_ND);  // NearestPixels, one for each of NextCells()

 private:
  const Vocabulary& vocabulary() const { return rules_.layout.vocabulary; }
  const Arrangement& arrangement() const { return rules_.layout.arrangement; }
  bool MayWrite() const;
  bool MayEnd() const { return rules_.until != Until::kImage; }
  Tensor Noisy(const Tensor& patch_D);
  void FinishText();
  void FinishPicture();

  const ContinuationRules& rules_;
  Document document_;
  Presentation presentation_;
  std::vector<int64_t> text_;    // ids of the text being written
  std::vector<Tensor> patches_;  // of the picture being drawn
  std::vector<int64_t> cells_;   // of that picture: where the patch of each turn stands
  int64_t grid_ = -1;            // of that picture; -1: writing text
  int64_t pictures_ = 0;         // drawn so far
  std::deque<ReadBlock> unread_;
  at::Generator rng_;
  bool done_ = false;
};

}  // namespace tessera
