// The text side of a run as a folder of Hugging Face, which `transformers` loads.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "files/files.h"
#include "run/run.h"

namespace tessera {

// Writes config.json, model.safetensors, the tokenizer and README.md into a folder that is not
// there yet, all or nothing. The ids are those of the run, ours behind those of text: <doc> begins
// a text there, and <end-doc> ends it. What the picture side has learnt is not in the folder, so
// the run stays the only whole copy.
absl::Status ExportLlama(const Run& run, const std::string& folder, const Files& files);

}  // namespace tessera
