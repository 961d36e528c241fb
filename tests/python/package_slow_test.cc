// The Python package, built by pip and tested by tests/python/package_test.py.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>

namespace tessera {
namespace {

TEST(PythonPackage, IsBuiltByPipPassesItsTestsAndRunsTheNotebook) {
  const std::string build = std::filesystem::path(TESSERA_BINARY).parent_path();
  const std::string command =
      "bash '" TESSERA_SOURCE_DIR "/tests/python/package.sh' '" + build + "'";
  constexpr int kNoPip = 77;
  const int status = WEXITSTATUS(std::system(command.c_str()));
  if (status == kNoPip) {
    GTEST_SKIP() << ".venv has no torch and Python 3.11, or pip cannot install scikit-build-core";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tessera
