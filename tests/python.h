// A Python with packages of other projects, for slow tests that hold our files against theirs.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tessera {

// Returns a Python of an environment below build/ that has the packages, which are installed once;
// empty without a network. It is of the version that .venv has, if there is one. What `alone` names
// comes without what it asks for, such as a torch beside our own.
inline std::string PythonWith(const std::string& name, const std::string& packages,
                              const std::string& alone = "") {
  const std::string all = TESSERA_SOURCE_DIR "/build/python", folder = all + "/" + name;
  const std::string python = folder + "/bin/python", ready = "\"" + folder + "/ready\"";
  const std::string venv = TESSERA_SOURCE_DIR "/.venv/bin/python";
  const std::string first = std::filesystem::exists(venv) ? "\"" + venv + "\"" : "python3";
  const std::string log = " >>\"" + folder + "/pip.txt\" 2>&1";
  const std::string install = "\"" + python + "\" -m pip install -q ";
  const std::string make =
      first + " -m venv --clear \"" + folder + "\" && " + install + packages + log +
      (alone.empty() ? "" : " && " + install + "--no-deps " + alone + log) + " && touch " + ready;
  // Tests that run at once may need the same environment: one of them makes it, the others wait.
  const std::string command = "mkdir -p '" + all + "' && flock '" + folder + ".lock' sh -c '[ -e " +
                              ready + " ] || { " + make + "; }'";
  return std::system(command.c_str()) == 0 ? python : "";
}

// The command line that runs a script, which can import LibTorch's own Python package too and asks
// no network.
inline std::string PythonCommand(const std::string& python, const std::string& script) {
  return "HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONDONTWRITEBYTECODE=1 "
         "PYTHONPATH=$(echo '" TESSERA_SOURCE_DIR "'/.venv/lib/python3*/site-packages) '" +
         python + "' " + script;
}

}  // namespace tessera

#define NEEDS_PYTHON(python)                                                     \
  if ((python).empty()) {                                                        \
    GTEST_SKIP() << "pip could not install the packages, which needs a network"; \
  }
