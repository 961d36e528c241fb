// Sentences in place of what the standard library and LibTorch throw (cli/failure.h), and sizes
// that are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/cli/process.h"

namespace tessera {
namespace {

// One line on standard error, without anything of a library in it.
void ExpectSentence(const Outcome& outcome, const std::string& what) {
  EXPECT_TRUE(outcome.err.starts_with("tessera: ")) << what << ": " << outcome.err;
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << what << ": " << outcome.err;
  for (const char* foreign : {"std::", "c10", "frame #", ".cpp", ".cc(", "exception", "[json"}) {
    EXPECT_PRED_FORMAT2(testing::IsNotSubstring, foreign, outcome.err) << what;
  }
}

// The last number in the file becomes NaN.
void SpoilLastNumber(const std::string& path) {
  std::string bytes = Contents(path);
  std::fill(bytes.end() - 4, bytes.end(), '\xff');
  std::ofstream(path, std::ios::binary) << bytes;
}

class Failure : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    folder_->Write("recipe.toml", kTinyRecipe);
    for (const std::string run : {"run", "nan"}) {
      ASSERT_EQ(Tessera(*folder_, "train recipe.toml --out " + run).exit_code, 0);
    }
    SpoilLastNumber(*folder_ / "nan/checkpoints/step-000002/ema.safetensors");
  }
  static void TearDownTestSuite() { delete folder_; }

  static void ExpectRefused(const std::string& command, const std::string& part) {
    const Outcome outcome = Tessera(*folder_, command, "ulimit -v 10000000; ");
    EXPECT_EQ(outcome.exit_code, 2) << command << outcome.err;
    ExpectSentence(outcome, command);
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, outcome.err);
  }

  inline static TempFolder* folder_ = nullptr;
};

TEST_F(Failure, OfARunWhoseNumbersAreNotFiniteNamesIt) {
  for (const std::string command : {"generate nan dot", "eval nan --count 2", "report nan"}) {
    ExpectRefused(command, "is not finite, as tessera inspect shows");
  }
  const Outcome inspect = Tessera(*folder_, "inspect nan");
  EXPECT_EQ(inspect.exit_code, 0) << inspect.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "1 NOT FINITE", inspect.out);
}

TEST_F(Failure, OfNumbersThatLeaveTheFiniteOnesIsASentence) {
  ExpectRefused("generate run dot --set guidance=1e300", "numbers are not finite");
}

TEST_F(Failure, OfMemoryIsASentenceAtAnyLimit) {
  const auto limit = [](int64_t kilobytes) {
    return "ulimit -v " + std::to_string(kilobytes) + "; ";
  };
  // Below some limit the system cannot load the program, or LibTorch's own constructors fail:
  // nobody of ours could say anything yet.
  int64_t least = 400'000;
  while (Tessera(*folder_, "--version", limit(least)).exit_code != 0) {
    least += 10'000;
    ASSERT_LT(least, 1'500'000);
  }
  folder_->Write("large.json", "");
  std::filesystem::resize_file(*folder_ / "large.json", 1'000'000'000);
  for (const int64_t more : {0, 10'000, 20'000, 50'000, 100'000, 300'000}) {
    const Outcome small =
        Tessera(*folder_, "generate run dot --until text --out small", limit(least + more));
    const Outcome large =
        Tessera(*folder_, "generate run --document large.json", limit(least + more));
    EXPECT_EQ(large.exit_code, 2) << limit(least + more);
    for (const Outcome& outcome : {small, large}) {
      if (outcome.exit_code != 0) {
        EXPECT_EQ(outcome.exit_code, 2) << limit(least + more) << outcome.err;
        ExpectSentence(outcome, limit(least + more));
        EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "No such file", outcome.err);
      }
    }
  }
}

TEST_F(Failure, OfAbsurdSizesIsToldBeforeTheWork) {
  ExpectRefused("generate run dot --set sampler.steps=100000000", "at most 10000 steps");
  ExpectRefused("generate run dot --set max_text=1000000000000", "max_text, max_images and rounds");
  ExpectRefused("train recipe.toml generate.sampler.steps=1000000000 --out absurd",
                "at most 10000 steps");
  ExpectRefused("train recipe.toml model.layers=1000000 --out absurd", "model.layers");
  ExpectRefused("train recipe.toml train.batch=1000000 --out absurd", "train.batch");
  ExpectRefused("train recipe.toml tokenizer.size=100 --out absurd", "size must be from 258");
  ExpectRefused("tokenizer train recipe.toml tokenizer.size=100000000000", "to 1000000");
}

TEST_F(Failure, OfDamagedFilesNamesThem) {
  const std::string step = "nan/checkpoints/step-000002/";
  folder_->Write(step + "state.json", R"({"step": 1e300, "minutes": 0})");
  ExpectRefused("train nan --resume train.steps=3", step + "state.json' names no step");
  folder_->Write(step + "tokenizer.model", "no model");
  ExpectRefused("train nan --resume train.steps=3", step + "tokenizer.model' is not a sentence");
  ExpectRefused("generate nan dot", step + "tokenizer.model' is not a sentence");
  folder_->Write("set/a.png", TestFile("rgba.png"));
  folder_->Write("set/metadata.jsonl", R"({"file_name": "a.png", "text": "x", "n": 1e999})");
  ExpectRefused("data preview recipe.toml data.kind=image_folder data.path=set",
                "line 1: bad JSON: number overflow");
  folder_->Write("doc.json", "{\"segments\": \"\xff\x1b[2J\"}");
  ExpectRefused("generate run --document doc.json", "'doc.json': invalid UTF-8 at byte 14");
}

TEST_F(Failure, OfAFolderThatIsAFileOrAFileThatIsAFolderNamesItAndLeavesNothing) {
  folder_->Write("file", "");
  folder_->Write("folder/x", "");
  ExpectRefused("train recipe.toml --out file", "'file' is a file; a run needs a folder");
  ExpectRefused("train recipe.toml --from run --out file",
                "'file' is a file; a run needs a folder");
  ExpectRefused("generate run dot --out file", "'file'");
  for (const std::string name : {"folder", "folder/"}) {
    ExpectRefused("tokenizer train recipe.toml --out " + name, "Is a directory");
  }
  std::filesystem::create_directory(*folder_ / "p.png");
  ExpectRefused("data preview recipe.toml --out p.png", "Is a directory");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_->path())) {
    EXPECT_NE(entry.path().extension(), ".partial") << entry.path();
  }
}

TEST_F(Failure, OfAFifoOrADeviceIsASentence) {
  ASSERT_EQ(
      std::system(
          ("mkfifo '" + *folder_ / "pipe.toml" + "' '" + *folder_ / "pipe.png" + "'").c_str()),
      0);
  ExpectRefused("train pipe.toml", "is a FIFO into which nothing is written");
  ExpectRefused("generate run pipe.png", "is a FIFO into which nothing is written");
  ExpectRefused("generate run --document pipe.toml", "is a FIFO into which nothing is written");
  ExpectRefused("tokenizer train /dev/zero", "is a device that does not end");
  ExpectRefused("data check recipe.toml data.kind=image_folder data.path=/dev/zero",
                "is a FIFO, a socket or a device");
  EXPECT_EQ(Tessera(*folder_, "tokenizer train /dev/stdin --out a.model <recipe.toml").exit_code,
            0);
}

}  // namespace
}  // namespace tessera
