// Ids and texts are those of Hugging Face's `tokenizers` package, whose files are read.
#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/str_split.h"
#include "data/text/tokenizer.h"
#include "files/files.h"
#include "files/json.h"
#include "tests/files/temp_folder.h"
#include "tests/run/python_with_transformers.h"

namespace tessera {
namespace {

class TokenizerJson : public testing::Test {
 protected:
  static constexpr int kTexts = 10'000;

  void SetUp() override {
    const std::string python = PythonWithTransformers();
    NEEDS_PYTHON(python);
    const std::string script = "'" TESSERA_SOURCE_DIR "/tests/run/tokenizer_cases.py' '" +
                               folder_.path() + "' " + std::to_string(kTexts);
    ASSERT_EQ(std::system(PythonCommand(python, script).c_str()), 0);
  }

  std::string Read(const std::string& name) const { return *Files().Read(folder_ / name); }

  TempFolder folder_;
};

TEST_F(TokenizerJson, EncodesAndDecodesAsTheTokenizersPackage) {
  for (const std::string name : {"gpt2", "llama3", "qwen", "smollm2"}) {
    const absl::StatusOr<Tokenizer> tokenizer = Tokenizer::Parse(Read(name + ".json"));
    ASSERT_TRUE(tokenizer.ok()) << name << ": " << tokenizer.status();
    int64_t cases = 0, wrong = 0;
    for (const absl::string_view line :
         absl::StrSplit(Read(name + ".jsonl"), '\n', absl::SkipEmpty())) {
      const Json json = ParseJson({line.data(), line.size()}).value();
      std::vector<int64_t> ids;
      for (const Json& id : *json.Find("ids")->AsArray()) {
        ids.push_back(std::get<int64_t>(id.value));
      }
      ++cases;
      const std::string* text = json.Find("text")->AsString();
      const bool encoded = text == nullptr || tokenizer->Encode(*text) == ids;
      const bool decoded = tokenizer->Decode(ids) == *json.Find("decoded")->AsString();
      if ((!encoded || !decoded) && ++wrong < 5) {
        ADD_FAILURE() << name << (encoded ? " decodes " : " encodes ") << line << " otherwise: "
                      << (text ? testing::PrintToString(tokenizer->Encode(*text)) : "")
                      << tokenizer->Decode(ids);
      }
    }
    EXPECT_EQ(cases, kTexts);
    EXPECT_EQ(wrong, 0) << name;
  }
}

}  // namespace
}  // namespace tessera
