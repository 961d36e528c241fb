// The tokenizer of a run: read from a file, or trained on the texts of its data set.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "data/text/tokenizer.h"
#include "files/files.h"

namespace tessera {

// All texts of about `documents` documents at most, taken evenly from the data set, from each set
// of a mixture by its weight.
absl::StatusOr<std::vector<std::string>> GatherTexts(const Dataset& dataset, int64_t documents);

// Reads a .model file or a tokenizer.json; an error names it.
absl::StatusOr<Tokenizer> ReadTokenizer(const std::string& path, const Files& files);

// Returns the path of the tokenizer.json of a checkpoint or other folder, or else of its
// tokenizer.model, which need not be there.
absl::StatusOr<std::string> TokenizerIn(const std::string& folder, const Files& files);

// Reads config.path, or trains on the data set.
absl::StatusOr<Tokenizer> MakeTokenizer(const TokenizerConfig& config, const Dataset& dataset,
                                        const Files& files);

}  // namespace tessera
