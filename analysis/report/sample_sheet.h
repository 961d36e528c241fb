#pragma once

#include "run/run.h"

namespace tessera {

// Draws pictures for captions of the data set, always the same captions and seeds, and writes them
// as one picture to <out>/samples/step-000500.png, with the captions beside it in
// samples/prompts.txt. For an autoencoder it shows pictures of the data set, each followed by what
// comes back.
absl::Status WriteSampleSheet(const Run& run, const Dataset& dataset, int64_t step,
                              const std::string& out, const Files& files);

}  // namespace tessera
