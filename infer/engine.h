// Continues documents slot by slot, each by rules of its own. Documents join and leave at any step,
// which makes the engine what a server, a progress bar or a script drives; Generate is its simplest
// user. What a document becomes does not depend on the others: only matrix products over more rows
// may round the last bit otherwise, since the library chooses its kernel by the number of rows.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "data/document.h"
#include "infer/drawer.h"

namespace tessera {

// A document to be continued.
struct EngineRequest {
  Document prompt;
  GenerateConfig config = {};  // all of it but what EngineOptions holds
  Until until = Until::kEnd;
  std::optional<int64_t> grid = {};  // of every picture; else the text head chooses
  uint64_t seed = 0;
  int64_t index = 0;                              // documents of one seed and other indices differ
  std::shared_ptr<AmedPredictor> amed = nullptr;  // of sampler amed
};

// A token of a text was written.
struct TokenEvent {
  int64_t id;
};

// A patch was drawn.
struct PatchEvent {
  PatchGrid grid;
  int64_t cell;     // where in the grid it stands
  Tensor pixels_D;  // numbers of 8-bit pixels in [-1, 1], inner order (row, column, channel)
};

struct EngineEvent {
  int64_t request;  // as Add named it
  // A token, a patch, a finished picture or the finished document.
  std::variant<TokenEvent, PatchEvent, Image, Document> what;
};

struct EngineOptions {
  Precision precision = Precision::kF32;  // of LibTorch's matrix products
  // What packed weights are stored in. None are packed if this is empty, or if the model is not in
  // floats on the CPU.
  std::optional<WeightStorage> packed = WeightStorage::kF32;
  OnConditions on_conditions = {};          // called before patches are drawn under them
  const std::atomic<bool>* stop = nullptr;  // once it is set, a step that draws throws Stopped
};

// The options that a config asks for.
inline EngineOptions OptionsOf(const GenerateConfig& config) {
  return {.precision = config.precision,
          .packed = config.packed() ? std::optional(config.weights) : std::nullopt};
}

class Engine {
 public:
  // All three must outlive the engine, and the model's weights must not change meanwhile: they are
  // packed here. The layout must arrange slots as the model was trained.
  Engine(Model& model, const Tokenizer& tokenizer, const LayoutSpec& layout,
         EngineOptions options = {});
  ~Engine();

  // The document joins at the next step. Returns its name.
  int64_t Add(EngineRequest request);

  // Every document reads a block of slots, then writes a token or draws what its objective draws at
  // once. Returns what came of it, in the order of the documents. Throws NotFinite if the model's
  // numbers are none any more, and Stopped as the options say.
  std::vector<EngineEvent> Step();

  // Ends a request that is not done. Returns the document as far as it has come.
  Document Cancel(int64_t request);

  bool idle() const { return rows_.empty(); }

 private:
  struct Row;

  void Admit();
  void Read();
  std::vector<Row*> Ready(bool (Continuation::*state)() const) const;
  void WriteIds(std::vector<EngineEvent>* events);
  void BeginPictures(const std::vector<Row*>& rows);
  void DrawPatches(std::vector<EngineEvent>* events);
  void Append(Row& row, const Tensor& patch_ND, std::vector<EngineEvent>* events);
  void CloseFrom(Row& row, size_t condition);
  void Leave(std::vector<EngineEvent>* events);

  Model& model_;
  const Tokenizer& tokenizer_;
  LayoutSpec layout_;
  EngineOptions options_;
  std::unique_ptr<PackedModel> packed_;  // null if none are packed
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<Drawer> drawer_;
  std::vector<std::unique_ptr<Row>> rows_;  // in the order in which they joined
  int64_t next_request_ = 0;
};

}  // namespace tessera
