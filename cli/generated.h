// What `generate` makes of its documents: lines on standard output, and a folder with a data set, a
// sheet of pictures and a page.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "data/document.h"
#include "files/files.h"

namespace tessera {

struct Generated {
  Document prompt;
  std::vector<Document> whole;
  std::vector<Document> after;       // the same documents without the prompt
  std::vector<std::string> recipes;  // of their pictures, see run/picture_recipe.h
};

// Adds a document that continues the prompt, unless it is empty: a model may end a document before
// it says anything.
void AddGenerated(Document whole, std::string recipe, Generated* generated);

// Prints a document on one line: its texts, and [picture] for each picture.
void PrintDocument(const Document& document);

// Refuses a folder with a data set that generation did not write.
absl::Status CheckOut(const std::string& out, const Files& files);

// Writes docs.jsonl with images/, sheet.png and page.html. run names the run in the page's title;
// settings are its foot.
absl::Status WriteGenerated(const Generated& generated, const std::string& run,
                            const std::string& settings, const std::string& out,
                            const Files& files);

}  // namespace tessera
