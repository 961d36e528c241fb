// A list of prompts, each of which is to become pictures: what evaluators of drawing hand out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "files/json.h"

namespace tessera {

struct ListedPrompt {
  std::string id;  // names its pictures
  std::string text;
  int64_t seed = 0;
  std::string grid = {};      // "4x4"; empty: not said
  std::string negative = {};  // empty: none
  JsonObject row = {};        // of a JSON line as it stands, or the text alone
};

// Reads a text of one prompt a line or, if the file's name ends in .jsonl, a JSON object a line:
// "prompt" or "text", and perhaps "id", "seed", "grid" and "negative". Other keys stay in the row.
// Lines without a letter are passed over. By default prompt i has the seed first_seed + i, and as
// its id the number i in five digits. Errors name the file and the line; two ids alike are one.
absl::StatusOr<std::vector<ListedPrompt>> ParsePromptList(std::string_view text,
                                                          const std::string& file,
                                                          int64_t first_seed);

}  // namespace tessera
