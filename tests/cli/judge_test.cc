// tessera judge, and measures under the network that it trains.
#include <gtest/gtest.h>

#include "data/image/image_io.h"
#include "tests/cli/process.h"

namespace tessera {
namespace {

TEST(JudgeCommand, TrainsANetworkByWhoseClassesARunIsMeasured) {
  const TempFolder folder;
  for (int64_t i = 0; i < 100; ++i) {
    const bool dark = i % 2 == 0;
    const auto value = static_cast<uint8_t>(dark ? i : 255 - i);
    const Image image{.height = 16, .width = 16, .rgb = std::vector<uint8_t>(768, value)};
    folder.Write((dark ? "set/dark/" : "set/bright/") + std::to_string(i) + ".png",
                 EncodePng(image));
  }
  folder.Write("recipe.toml", kTinyRecipe);
  const std::string set = "recipe.toml data.kind=image_folder data.path=set data.test_share=0.4 ";
  const Outcome judge = Tessera(folder, "judge " + set + "--epochs 20 --out j.pt");
  EXPECT_EQ(judge.exit_code, 0) << judge.err;
  EXPECT_TRUE(judge.out.starts_with("1.000 of ")) << judge.out;
  ASSERT_EQ(Tessera(folder, "train " + set + "--out run").exit_code, 0);
  const Outcome eval = Tessera(folder, "eval run --features j.pt --count 30");
  EXPECT_EQ(eval.exit_code, 0) << eval.err;
  for (const char* name : {"j_fid ", "j_true_recognised                  1.0000", "j_recognised ",
                           "j_recognised_dark ", "j_inception_score ", "seams ", "copies "}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, name, eval.out);
  }
  const Outcome none = Tessera(folder, "judge " + set + "data.caption= --out none.pt");
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "are no names of classes", none.err);
}

}  // namespace
}  // namespace tessera
