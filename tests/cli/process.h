// `tessera` as a process, in a folder that a test fills.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/files/temp_folder.h"

namespace tessera {

constexpr char kTinyRecipe[] = R"(
[data.shapes]
count = 40
[tokenizer]
size = 300
documents = 40
[model]
grids = ["2x2"]
width = 16
layers = 1
heads = 1
kv_heads = 1
ffn = 16
[model.head]
width = 16
depth = 1
[train]
steps = 2
batch = 2
row_length = 64
[generate]
max_text = 4
[generate.sampler]
steps = 1
)";

struct Outcome {
  int exit_code;
  std::string out, err;
};

inline std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In the folder; arguments as a shell reads them, behind the commands `before`. What it writes goes
// to files beside the folder.
inline Outcome Tessera(const TempFolder& folder, const std::string& arguments,
                       const std::string& before = "") {
  const TempFolder streams;
  const std::string command = "cd '" + folder.path() + "' && " + before + "'" TESSERA_BINARY "' " +
                              arguments + " >'" + streams / "out" + "' 2>'" + streams / "err" + "'";
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), Contents(streams / "out"), Contents(streams / "err")};
}

}  // namespace tessera
