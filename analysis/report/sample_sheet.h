#pragma once

#include "run/run.h"

namespace tessera {

// Draws pictures for captions of the test set, always the same captions and seeds, and writes them
// as one picture to <out>/samples/step-000500.png, with the captions beside it in
// samples/prompts.txt. Of an autoencoder: pictures of the test set, each followed by what comes
// back.
absl::Status WriteSampleSheet(const Run& run, int64_t step, const std::string& out,
                              const std::shared_ptr<const Files>& files);

}  // namespace tessera
