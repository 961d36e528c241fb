// Generated documents as one page.
#pragma once

#include <string>
#include <vector>

#include "data/document.h"

namespace tessera {

struct GeneratedPage {
  std::string title;
  Document prompt;
  std::vector<Document> continuations;  // without the prompt
  std::string settings;                 // as TOML
};

// One HTML file, pictures inside.
std::string ToHtml(const GeneratedPage& page);

}  // namespace tessera
