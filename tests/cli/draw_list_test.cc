// `tessera generate --prompts`, driven as a process on a run of two steps, and `inspect` of what it
// draws.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/image/image_io.h"
#include "tests/cli/process.h"

namespace tessera {
namespace {

class DrawList : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder();
    folder_->Write("recipe.toml", kTinyRecipe);
    folder_->Write("list.txt", "a red dot\na blue ring\na square\n");
    const Outcome trained =
        Tessera(*folder_, "train recipe.toml model.grids='[2x2,4x4]' --out run");
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
  }
  static void TearDownTestSuite() { delete folder_; }

  static Outcome Generate(const std::string& arguments) {
    return Tessera(*folder_, "generate run " + arguments);
  }
  static std::string Written(const std::string& name) { return Contents(*folder_ / name); }
  static bool Exists(const std::string& name) { return std::filesystem::exists(*folder_ / name); }

  static void ExpectRefused(const std::string& list, const std::string& arguments,
                            const std::string& sentence) {
    folder_->Write("bad.jsonl", list);
    const Outcome outcome = Generate("--prompts bad.jsonl --out refused " + arguments);
    EXPECT_EQ(outcome.exit_code, 2) << list;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, sentence, outcome.err);
    EXPECT_FALSE(Exists("refused")) << list;
  }

  static inline TempFolder* folder_ = nullptr;
};

TEST_F(DrawList, DrawsEachPromptAsItIsDrawnAlone) {
  const Outcome outcome = Generate("--prompts list.txt --grid 2x2 --seed 5 --out all");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "3 pictures in all, 0 of them there before\n");
  ASSERT_EQ(Generate("'a blue ring' --grid 2x2 --seed 6 --out one").exit_code, 0);
  EXPECT_EQ(DecodeImage(Written("all/00001.png")).value(),
            DecodeImage(Written("one/images/000000_1.png")).value());
  const Outcome check = Tessera(*folder_,
                                "data check recipe.toml data.kind=image_folder data.path=all "
                                "data.test_share=0");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "pictures: 3, texts: 3", check.out);
}

TEST_F(DrawList, KeepsWhatIsThereAndRefusesWhatWasDrawnOtherwise) {
  ASSERT_EQ(Generate("--prompts list.txt --grid 2x2 --out whole").exit_code, 0);
  ASSERT_EQ(Generate("--prompts list.txt --grid 2x2 --part 2/2 --out parts").exit_code, 0);
  EXPECT_FALSE(Exists("parts/00000.png"));
  const std::string before = Written("parts/00001.png");
  const Outcome rest = Generate("--prompts list.txt --grid 2x2 --out parts");
  EXPECT_EQ(rest.out, "3 pictures in parts, 1 of them there before\n");
  for (const char* name : {"00000.png", "00001.png", "00002.png", "metadata.jsonl"}) {
    EXPECT_EQ(Written(std::string("parts/") + name), Written(std::string("whole/") + name)) << name;
  }
  for (const char* other : {"--seed 1", "--set guidance=2", "--count 2"}) {
    const Outcome refused =
        Generate(std::string("--prompts list.txt --grid 2x2 --out parts ") + other);
    EXPECT_EQ(refused.exit_code, 2) << other;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "name another --out", refused.err);
  }
  EXPECT_EQ(Written("parts/00001.png"), before);
}

TEST_F(DrawList, KeepsTheRecipeOfAPictureInIt) {
  folder_->Write("one.jsonl",
                 R"({"prompt": "a ring", "seed": 9, "grid": "4x4", "negative": "dot"})");
  ASSERT_EQ(Generate("--prompts one.jsonl --set guidance=2 sampler.steps=2 --out recipe").exit_code,
            0);
  const Outcome recipe = Tessera(*folder_, "inspect recipe/00000.png");
  EXPECT_EQ(recipe.exit_code, 0) << recipe.err;
  for (const char* line :
       {"\"prompt\": \"a ring\"", "\"seed\": 9", "\"index\": 0", "\"grid\": \"4x4\"",
        "\"run\": \"run\"", "\"step\": 2", "\"negative\": \"dot\"", "\"sampler.steps\": 2"}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, line, recipe.out);
  }
  const Outcome drawn = Generate("'a dot' --count 2 --seed 3 --out alone");
  ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
  const Outcome second = Tessera(*folder_, "inspect alone/images/000001_1.png");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "\"index\": 1", second.out);
  folder_->Write("photo.png", TestFile("rgba.png"));
  const Outcome none = Tessera(*folder_, "inspect photo.png");
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'photo.png' is a PNG without a recipe", none.err);
}

TEST_F(DrawList, WritesGenevalsFoldersAndOneArray) {
  folder_->Write("geneval.jsonl",
                 "{\"tag\": \"single_object\", \"prompt\": \"a photo of a bench\"}\n"
                 "{\"tag\": \"colors\", \"prompt\": \"a photo of a red dot\"}\n");
  const Outcome outcome = Generate(
      "--prompts geneval.jsonl --layout geneval --count 2 --grid 2x2 --out geneval --npz a.npz");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(Exists("geneval/00001/samples/0001.png"));
  EXPECT_EQ(Written("geneval/00001/metadata.jsonl"),
            "{\"tag\":\"colors\",\"prompt\":\"a photo of a red dot\"}\n");
  const std::string npz = Written("a.npz");
  EXPECT_NE(npz.find("arr_0.npy"), npz.npos);
  EXPECT_NE(npz.find("'shape': (4, 16, 16, 3)"), npz.npos);
  std::string pixels;
  for (const char* name :
       {"00000/samples/0000", "00000/samples/0001", "00001/samples/0000", "00001/samples/0001"}) {
    const Image image = DecodeImage(Written("geneval/" + std::string(name) + ".png")).value();
    pixels.append(image.rgb.begin(), image.rgb.end());
  }
  EXPECT_NE(npz.find(pixels), npz.npos);
}

TEST_F(DrawList, RefusesWhatItCannotUseBeforeItDraws) {
  const std::string good = R"({"text": "a dot"})";
  ExpectRefused("{}", "", "'bad.jsonl', line 1: a row has the key");
  ExpectRefused(R"({"text": "a", "grid": "9x9"})", "", "prompt '00000': \"grid\" '9x9' is no grid");
  ExpectRefused(R"({"text": "a", "negative": "b"})", "", "has no effect without guidance");
  ExpectRefused(good, "--part 0/2", "must be like 3/8, not '0/2'");
  ExpectRefused(good, "--part 3", "must be like 3/8");
  ExpectRefused(good, "--layout deep", "must be flat or geneval, not 'deep'");
  ExpectRefused(good, "'a dot'", "excludes");
  ExpectRefused(good, "--until text", "excludes");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "requires --prompts",
                      Generate("'a dot' --npz a.npz --out refused").err);
}

}  // namespace
}  // namespace tessera
