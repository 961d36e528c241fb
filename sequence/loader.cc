#include "sequence/loader.h"

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "sequence/augment.h"
#include "sequence/mixed_order.h"
#include "sequence/packer.h"

namespace tessera {
namespace {

constexpr int64_t kAheadPerThread = 2;

// The number of a document's set in a mixture, else -1.
int64_t SetOf(const std::vector<MixedSet>& sets, int64_t document) {
  int64_t set = -1;
  for (int64_t end = 0; set + 1 < std::ssize(sets) && document >= end; ++set) {
    end += sets[set + 1].size;
  }
  return set;
}

// On a thread of its own, where an exception would end the program.
absl::StatusOr<Batch> MadeOrRefused(const BatchSource& source, int64_t turn) {
  try {
    return MakeBatch(source, source.share.BatchAt(turn));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(
        "there was not enough memory to make a batch; lower train.batch or data.threads");
  }
}

}  // namespace

absl::StatusOr<Batch> MakeBatch(const BatchSource& source, int64_t step) {
  const std::vector<MixedSet> sets = source.dataset->Sets();
  const std::vector<MixedSet> whole = {{"", 1, source.dataset->size()}};
  LayoutSpec layout = source.layout;
  std::vector<Sequence> sequences;
  for (int64_t i = 0; i < source.documents; ++i) {
    if (source.stop != nullptr && *source.stop) {
      return absl::CancelledError("stopped while a batch was made");
    }
    const int64_t turn = step * source.documents + i;
    const int64_t index = source.shuffle
                              ? DocumentAt(sets.empty() ? whole : sets, turn, source.seed)
                              : turn % whole[0].size;
    const int64_t set = SetOf(sets, index);
    ASSIGN_OR_RETURN(Document document, source.dataset->Get(index));
    const PresentationConfig& show = set < 0 ? source.data.show : source.data.mix[set].data.show;
    if (set >= 0) {
      layout.prompt_weight = show.prompt_weight;
    }
    const Presentation presentation = Augment(document, show, source.seed, turn);
    sequences.push_back(Layout(document, layout, source.tokenizer, presentation));
    sequences.back().set = set;
  }
  return Pack(sequences, source.layout.max_slots, source.layout.patch);
}

absl::StatusOr<std::unique_ptr<Loader>> Loader::Start(BatchSource source, int64_t first_turn) {
  const std::vector<MixedSet> sets = source.dataset->Sets();
  if (const auto empty = std::ranges::find(sets, 0, &MixedSet::size); empty != sets.end()) {
    return absl::InvalidArgumentError(absl::StrCat("the set ", empty->name, " has no documents"));
  }
  if (source.dataset->size() == 0) {
    return absl::InvalidArgumentError("the data set has no documents");
  }
  if (source.documents < 1 || source.layout.max_slots < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("train.batch and train.row_length must be at least 1, not ", source.documents,
                     " and ", source.layout.max_slots));
  }
  RETURN_IF_ERROR(CheckLayout(source.layout));
  return std::unique_ptr<Loader>(new Loader(std::move(source), first_turn));
}

Loader::Loader(BatchSource source, int64_t first_turn)
    : source_(std::move(source)),
      most_ahead_(kAheadPerThread * source_.data.threads),
      next_taken_(first_turn),
      next_begun_(first_turn) {
  try {
    for (int64_t i = 0; i < source_.data.threads; ++i) {
      threads_.emplace_back([this] { Work(); });
    }
  } catch (const std::system_error&) {  // fewer threads make the same batches
  }
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

absl::StatusOr<Batch> Loader::Next() {
  if (threads_.empty()) {
    return MakeBatch(source_, source_.share.BatchAt(next_taken_++));
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_.contains(next_taken_); });
  auto taken = ready_.extract(next_taken_++);
  changed_.notify_all();
  return std::move(taken.mapped());
}

void Loader::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || next_begun_ < next_taken_ + most_ahead_; });
    if (stopping_) {
      return;
    }
    const int64_t turn = next_begun_++;
    lock.unlock();
    absl::StatusOr<Batch> batch = MadeOrRefused(source_, turn);
    lock.lock();
    ready_.emplace(turn, std::move(batch));
    changed_.notify_all();
  }
}

}  // namespace tessera
