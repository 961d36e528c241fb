// Data set -> batches, prepared ahead by threads. Batch `step` is a pure function of its source and
// the step: neither the number of threads nor where a run was cut changes it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "data/config.h"
#include "data/dataset.h"
#include "data/text/tokenizer.h"
#include "sequence/batch.h"
#include "sequence/layout.h"

namespace tessera {

// Which batches a loader makes: of each `of` batches, `count` from `first` on. Its turns count
// those alone.
struct BatchShare {
  int64_t first = 0, count = 1, of = 1;

  int64_t BatchAt(int64_t turn) const { return turn / count * of + first + turn % count; }
};

// Everything that a batch is made of.
struct BatchSource {
  std::shared_ptr<const Dataset> dataset;
  Tokenizer tokenizer;
  LayoutSpec layout;       // max_slots: the length of a row
  DataConfig data;         // of it: how documents are shown, and threads
  int64_t documents = 32;  // of a batch
  bool shuffle = true;     // each epoch anew, by the weights of a mixture; otherwise in order
  uint64_t seed = 0;
  BatchShare share = {};                    // of a loader
  const std::atomic<bool>* stop = nullptr;  // once it is set, no further document is read
};

// Documents [step * documents, (step + 1) * documents) of an endless stream of epochs. Cancelled if
// it was stopped.
absl::StatusOr<Batch> MakeBatch(const BatchSource& source, int64_t step);

class Loader {
 public:
  // Batches from first_turn on, by source.data.threads threads; with 0, Next does the work itself.
  // Fails when the data set, or a set of it, is empty or a picture has no room in a row.
  static absl::StatusOr<std::unique_ptr<Loader>> Start(BatchSource source, int64_t first_turn = 0);

  // Stops the threads after the batches that they are at.
  ~Loader();

  // The batch of the next turn, or why there is none.
  absl::StatusOr<Batch> Next();

 private:
  Loader(BatchSource source, int64_t first_turn);
  void Work();

  const BatchSource source_;
  const int64_t most_ahead_;  // batches begun and not yet taken

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t next_taken_;  // the turn that Next returns
  int64_t next_begun_;  // the turn that a free thread takes
  bool stopping_ = false;
  std::map<int64_t, absl::StatusOr<Batch>> ready_;  // by turn

  std::vector<std::thread> threads_;  // last, since they use all of the above
};

}  // namespace tessera
