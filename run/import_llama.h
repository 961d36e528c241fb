// A run made of a Hugging Face checkpoint: its transformer, its tokenizer and its text head, with a
// picture side that is drawn anew.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "files/files.h"
#include "run/run.h"

namespace tessera {

// The folder holds config.json, model.safetensors or its shards, and tokenizer.json or
// tokenizer.model. overrides (path=value) choose everything that the checkpoint does not. adapter,
// if there is one, is a folder of PEFT whose change becomes part of the weights.
//
// Text ids stay. The rows of <doc> and <end-doc> are those of the checkpoint's begin and end of a
// text, so that <doc> and a text give the logits of that model. The rows of all other ids of ours,
// and of these two if it has none, are drawn like its own: normal, with the mean and deviation of
// each column.
//
// Matrices that are bf16 there are bf16 here, and the run's tensors are views of the mapped files
// where they can be.
absl::StatusOr<Run> ImportLlama(const std::string& folder,
                                const std::vector<std::string>& overrides, const Files& files,
                                const std::string& adapter = "");

}  // namespace tessera
