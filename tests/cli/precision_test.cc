// The precision of training: what the CPU has chooses it, and the run keeps it.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/process.h"

namespace tessera {
namespace {

// A machine whose oneDNN has no products in bf16.
constexpr char kOldMachine[] = "DNNL_MAX_CPU_ISA=AVX2 ";

class PrecisionOfTraining : public testing::Test {
 protected:
  PrecisionOfTraining() { folder_.Write("recipe.toml", kTinyRecipe); }

  std::string Written(const std::string& run) const {
    return Contents(folder_ / (run + "/config.toml"));
  }

  TempFolder folder_;
};

TEST_F(PrecisionOfTraining, FollowsTheCpuIsSaidAndIsWrittenDown) {
  const bool has_bf16 = Contents("/proc/cpuinfo").find("avx512_bf16") != std::string::npos;
  for (const std::string setting :
       {"", " train.precision=auto train.optimizer.muon_precision=auto"}) {
    std::filesystem::remove_all(folder_ / "old");
    std::filesystem::remove_all(folder_ / "new");
    const Outcome old = Tessera(folder_, "train recipe.toml --out old" + setting, kOldMachine);
    ASSERT_EQ(old.exit_code, 0) << old.err;
    EXPECT_PRED_FORMAT2(testing::IsSubstring,
                        "precision: f32, since this CPU has no instructions for bf16\n", old.out);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "\nprecision = \"f32\"", Written("old"));
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "\nmuon_precision = \"f32\"", Written("old"));
    EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "\"auto\"", Written("old"));
    const Outcome here = Tessera(folder_, "train recipe.toml --out new" + setting);
    ASSERT_EQ(here.exit_code, 0) << here.err;
    EXPECT_PRED_FORMAT2(testing::IsSubstring,
                        has_bf16 ? "\nmuon_precision = \"bf16\"" : "\nmuon_precision = \"f32\"",
                        Written("new"));
  }
}

TEST_F(PrecisionOfTraining, IsKeptOnAnotherMachineOrItsChangeIsRefused) {
  const std::string bf16 = "train recipe.toml train.precision=bf16 --out run ";
  ASSERT_EQ(Tessera(folder_, bf16).exit_code, 0);
  const Outcome kept = Tessera(folder_, "train run --resume train.steps=3", kOldMachine);
  EXPECT_EQ(kept.exit_code, 0) << kept.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "f32 would be much faster", kept.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\nprecision = \"bf16\"", Written("run"));
  const Outcome changed =
      Tessera(folder_, "train recipe.toml --resume train.steps=4 --out run", kOldMachine);
  EXPECT_EQ(changed.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "train.precision was \"bf16\", is \"f32\"",
                      changed.err);
}

}  // namespace
}  // namespace tessera
