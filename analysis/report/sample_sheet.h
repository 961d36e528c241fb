#pragma once

#include <atomic>
#include <string>

#include "run/run.h"

namespace tessera {

struct SampleSheet {
  int64_t step = 0;
  std::string out;                          // the run's folder
  const std::atomic<bool>* stop = nullptr;  // once it is set, the sheet is not written
};

// Returns the name of a run's sheet: <out>/samples/step-000500.png.
std::string SheetPath(const std::string& out, int64_t step);

// Returns the paths of a run's sheets by their steps, the last one last.
absl::StatusOr<std::vector<std::string>> SheetsOf(const std::string& run, const Files& files);

// Draws pictures for captions of the data set, always the same captions and seeds, and writes them
// as one picture to <out>/samples/step-000500.png, with the captions beside it in
// samples/prompts.txt. For an autoencoder it shows pictures of the data set, each followed by what
// comes back. Cancelled if it was stopped.
absl::Status WriteSampleSheet(const Run& run, const Dataset& dataset, const SampleSheet& sheet,
                              const Files& files);

}  // namespace tessera
