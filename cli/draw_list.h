// `generate --prompts`: pictures for a list of prompts, each in a file of its own, for evaluators
// that read folders of pictures or one array.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/open_run.h"

namespace CLI {
class App;
}

namespace tessera {

// How pictures are named: ID.png, or ID/samples/0000.png as GenEval's evaluator reads them.
enum class PictureNames { kFlat, kGeneval };
constexpr auto EnumNames(PictureNames) { return std::array{"flat", "geneval"}; }

struct ListArguments {
  std::string file;  // of prompts; empty: there is no list
  PictureNames names = PictureNames::kFlat;
  int64_t part = 1, parts = 1;
  std::string npz;
};

void AddListOptions(CLI::App& app, ListArguments* arguments);

// What `generate` is asked besides.
struct ListRequest {
  std::string run;   // as the user named it
  std::string grid;  // of --grid
  std::string out;
  int64_t count, batch, seed;
};

// Draws the pictures of the list that are not there yet. A picture that is there must have been
// drawn as it would be now.
absl::Status DrawList(const OpenedRun& opened, const ListArguments& list,
                      const ListRequest& request);

}  // namespace tessera
