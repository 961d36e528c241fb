// `tessera generate`, driven as a process on a run of two steps.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/process.h"

namespace tessera {
namespace {

constexpr char kRecipe[] = R"(
[data]
kind = "shapes"
[tokenizer]
documents = 50
[model]
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
max_images = 1
[generate.sampler]
steps = 1
)";

// A folder with the run `run`, trained once for the whole program.
class GenerateCommand : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder();
    folder_->Write("recipe.toml", kRecipe);
    folder_->Write("data_set/docs.jsonl", "");
    folder_->Write("photo.png", TestFile("rgba.png"));
    folder_->Write("broken.png", TestFile("rgba.png").substr(0, 60));
    const Outcome trained = Tessera(*folder_, "train recipe.toml --out run");
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
  }
  static void TearDownTestSuite() { delete folder_; }

  static Outcome Generate(const std::string& arguments) {
    return Tessera(*folder_, "generate " + arguments);
  }

  static std::string Written(const std::string& name) { return Contents(*folder_ / name); }
  static bool Exists(const std::string& name) { return std::filesystem::exists(*folder_ / name); }

  static void ExpectRefused(const std::string& arguments, const std::string& sentence) {
    const Outcome outcome = Generate(arguments + " --out refused");
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, sentence, outcome.err);
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_FALSE(Exists("refused")) << arguments;
  }

  static inline TempFolder* folder_ = nullptr;
};

TEST_F(GenerateCommand, WritesADataSetASheetAndAPageAndRepeatsThemInOtherBatches) {
  const Outcome outcome = Generate("run 'a red circle' --count 3 --seed 4 --out a");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "3 documents in a\n", outcome.out);
  EXPECT_TRUE(Exists("a/images/000002_1.png"));
  EXPECT_TRUE(Exists("a/sheet.png"));
  const std::string page = Written("a/page.html");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "<p>a red circle</p>", page);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "src=\"data:image/png;base64,", page);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "http", page);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "<script", page);
  const Outcome check =
      Tessera(*folder_, "data check recipe.toml data.kind=documents data.path=a data.test_share=0");
  EXPECT_EQ(check.exit_code, 0) << check.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "pictures: 3, texts: 3", check.out);

  ASSERT_EQ(Generate("run 'a red circle' --count 3 --seed 4 --batch 2 --out b").exit_code, 0);
  for (const char* name : {"docs.jsonl", "images/000000_1.png", "images/000002_1.png"}) {
    EXPECT_EQ(Written(std::string("a/") + name), Written(std::string("b/") + name)) << name;
  }
}

TEST_F(GenerateCommand, AnswersAboutAPictureAndContinuesADocumentOfBoth) {
  const Outcome answer = Generate("run photo.png 'what is it?' --out answer");
  ASSERT_EQ(answer.exit_code, 0) << answer.err;
  EXPECT_FALSE(Exists("answer/sheet.png"));
  folder_->Write("doc.json", R"({"segments": [{"type": "text", "text": "a dot"},
                                              {"type": "image", "file_name": "photo.png"}]})");
  const Outcome story = Generate(
      "run --document doc.json --until image --out story "
      "--set guidance=2 image_guidance=1.5 guidance_schedule=interval input_noise=0.1");
  ASSERT_EQ(story.exit_code, 0) << story.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "[picture]\n", story.out);
  EXPECT_TRUE(Exists("story/sheet.png"));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "guidance_schedule = &quot;interval&quot;",
                      Written("story/page.html"));
}

TEST_F(GenerateCommand, DrawsInTheGridThatIsNamed) {
  folder_->Write("set/a.png", TestFile("rgba.png"));
  folder_->Write("set/a.txt", "a dot");
  const Outcome trained =
      Tessera(*folder_,
              "train recipe.toml model.grids='[2x2,2x4]' data.kind=image_folder data.path=set "
              "data.test_share=0 train.evaluate_every=0 --out two_grids");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  for (const std::string grid : {"2x2", "2x4"}) {
    const Outcome outcome = Generate("two_grids 'a dot' --grid " + grid + " --out " + grid);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::string png = Written(grid + "/images/000000_1.png");
    ASSERT_GE(png.size(), 24);  // the header's width and height, big endian
    EXPECT_EQ(static_cast<int>(png[19]), 8 * (grid[2] - '0')) << "width of " << grid;
    EXPECT_EQ(static_cast<int>(png[23]), 8 * (grid[0] - '0')) << "height of " << grid;
  }
}

// One test, since each of these starts a process; the rest of the sentences is tested where they
// are written.
TEST_F(GenerateCommand, RefusesWhatItCannotUseInASentence) {
  ExpectRefused("nothing 'a dot'", "'nothing' is no run");
  ExpectRefused("recipe.toml dot", "'recipe.toml' is a file; name the folder of a run");
  ExpectRefused("run photos.png", "did you mean 'photo.png'?");
  ExpectRefused("run broken.png", "'broken.png' is a truncated PNG");
  ExpectRefused("run \"$(printf 'word %.0s' $(seq 200))\"", "shorten it");
  ExpectRefused("run recipe.toml", "'recipe.toml' is a file and, by its ending, no picture");
  ExpectRefused("run dot --seed -1", "must be a whole number of at least 0, not -1");
  ExpectRefused("run dot --count 0", "must be a whole number of at least 1, not 0");
  ExpectRefused("run dot --count 99999999999999999999",
                "of at most 9223372036854775807, not 99999999999999999999");
  ExpectRefused("run dot --set guidance=nan", "must be of type number, not nan");
  ExpectRefused("run dot --until picture", "nearest to 'picture' is 'image'");
  ExpectRefused("run dot --set negative=dots", "has no effect");
  ExpectRefused("run dot --grid 3x5", "no grid of this run, which draws pictures of ");
  ExpectRefused("run dot --grid wide", "choose one of these");
  ExpectRefused("run dot --document doc.json", "excludes");
  const Outcome over_data = Generate("run dot --out data_set");
  EXPECT_EQ(over_data.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "holds a data set that tessera did not generate",
                      over_data.err);
  EXPECT_EQ(Written("data_set/docs.jsonl"), "");
}

}  // namespace
}  // namespace tessera
