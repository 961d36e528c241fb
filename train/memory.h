// How much memory training will take, from the config alone, so that a run which cannot fit is
// refused before its first allocation. All in double: no size is too large to be counted.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "files/free_memory.h"
#include "run/run_config.h"
#include "train/document_size.h"

namespace tessera {

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
