// What `generate` continues, read from the command line: texts and pictures, or a document.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/document.h"
#include "files/files.h"
#include "infer/config.h"
#include "sequence/layout.h"

namespace tessera {

struct PromptArguments {
  std::vector<std::string> words;  // texts and names of pictures
  std::string document;            // a JSON file instead of words
  std::string until;               // a name of Until; empty: what the prompt suggests
};

// Says which endings make a word a picture, for help and errors.
std::string PictureRule();

// Reads the prompt and brings its pictures to the grids in which the model reads them. A picture of
// more than max_pixels is refused.
absl::StatusOr<Document> ReadPrompt(const PromptArguments& arguments, const Files& files,
                                    const LayoutSpec& layout, int64_t max_pixels);

// Returns which of the run's grids has the name, or nothing for an empty name: the text head
// chooses then. `what` begins the sentence of an error, such as "--grid".
absl::StatusOr<std::optional<int64_t>> GridIndex(const std::string& what, const std::string& name,
                                                 const std::vector<PatchGrid>& grids);

// Returns where generation ends. By default a text alone asks for its picture, words with a picture
// for a text, and no word or --document for all that follows.
absl::StatusOr<Until> UntilWhat(const PromptArguments& arguments, const Document& prompt);

}  // namespace tessera
