// How much memory training will take, from the config alone, so that a run which cannot fit is
// refused before its first allocation. All in double: no size is too large to be counted.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "data/dataset.h"
#include "files/free_memory.h"
#include "run/run_config.h"

namespace tessera {

// The mean document of a data set.
struct DocumentSize {
  double text_slots = 0;
  double pictures = 0;
};

// The smallest document that the data set can have, for a first check of a config alone.
DocumentSize LeastDocument(const RunConfig& config);

// The mean of at most 64 documents, spread evenly; a token counts as four bytes of text.
absl::StatusOr<DocumentSize> MeanDocument(const Dataset& dataset);

struct MemoryPart {
  std::string name;
  double bytes = 0;
  std::string keys;  // of the config, that would make it smaller
};

// Parts that are held at once, largest needs of a step. program: bytes that the process holds
// before it has a model.
std::vector<MemoryPart> PredictMemory(const RunConfig& config, const DocumentSize& document,
                                      double program);

double TotalOf(const std::vector<MemoryPart>& parts);

// What the process holds once it has computed something: LibTorch prepares its products when they
// are first asked for.
FreeMemory MeasureProgram(Precision precision, const Files& files);

// Refuses a run on the CPU that would take more than train.memory_limit or, if that is 0, more than
// nine tenths of what is free. The sentence says what takes most, and which keys to change.
absl::Status CheckMemory(const RunConfig& config, const DocumentSize& document,
                         const FreeMemory& memory);

}  // namespace tessera
