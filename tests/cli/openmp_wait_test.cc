// What OpenMP read when the program was loaded (cli/openmp_wait.cc), as OpenMP itself says it.
#include <gtest/gtest.h>

#include "tests/cli/process.h"

namespace tessera {
namespace {

std::string SpinUnder(const std::string& environment) {
  const std::string err =
      Tessera(TempFolder(), "--version", "OMP_DISPLAY_ENV=verbose " + environment).err;
  const std::string name = "GOMP_SPINCOUNT = '";
  const size_t at = err.find(name);
  return at == err.npos
             ? err
             : err.substr(at + name.size(), err.find('\'', at + name.size()) - at - name.size());
}

TEST(OpenMpWait, IsBriefUnlessTheCallerChoseIt) {
  EXPECT_EQ(SpinUnder("env -u GOMP_SPINCOUNT -u OMP_WAIT_POLICY "), "100");
  EXPECT_EQ(SpinUnder("GOMP_SPINCOUNT=7 "), "7");
  EXPECT_NE(SpinUnder("OMP_WAIT_POLICY=active "), "100");
}

}  // namespace
}  // namespace tessera
