// Adapters of low rank that Hugging Face's PEFT wrote: adapter_config.json and
// adapter_model.safetensors in a folder.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "files/files.h"
#include "run/run.h"

namespace tessera {

// Makes an adapter part of the weights of a run that was imported from the checkpoint that it
// adapts: W + s B A of each matrix that it names, in f32. What it holds besides (DoRA, ranks by
// pattern, biases, whole modules, embeddings) is refused, and then nothing is changed.
absl::Status MergePeftAdapter(const std::string& folder, const Files& files, Run* run);

}  // namespace tessera
