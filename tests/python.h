// A Python with packages of other projects, for slow tests that hold our files against theirs.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/cli/process.h"

namespace tessera {

// Returns a Python of an environment below build/ that has the packages, which are installed once;
// empty without a network.
inline std::string PythonWith(const std::string& name, const std::string& packages) {
  const std::string folder = TESSERA_SOURCE_DIR "/build/python/" + name;
  const std::string python = folder + "/bin/python", ready = folder + "/ready";
  if (!std::filesystem::exists(ready)) {
    std::filesystem::remove_all(folder);
    const std::string command = "python3 -m venv '" + folder + "' && '" + python +
                                "' -m pip install -q " + packages + " >'" + folder +
                                "/pip.txt' 2>&1 && touch '" + ready + "'";
    if (std::system(command.c_str()) != 0) {
      return "";
    }
  }
  return python;
}

// Runs a script in the folder; LibTorch's own Python package can be imported too.
inline Outcome RunPython(const std::string& python, const TempFolder& folder,
                         const std::string& script) {
  folder.Write("script.py", script);
  const std::string path =
      "PYTHONPATH=$(echo '" TESSERA_SOURCE_DIR "'/.venv/lib/python3*/site-packages) ";
  const std::string command =
      "cd '" + folder.path() + "' && " + path + "'" + python + "' script.py >out.txt 2>err.txt";
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), Contents(folder / "out.txt"), Contents(folder / "err.txt")};
}

}  // namespace tessera

#define NEEDS_PYTHON(python)                                                     \
  if ((python).empty()) {                                                        \
    GTEST_SKIP() << "pip could not install the packages, which needs a network"; \
  }
