#include "data/text/tokenizer.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string>

#include "config/enum_names.h"
#include "data/shapes/shapes.h"
#include "files/files.h"
#include "ops/hash.h"

namespace tessera {
namespace {

const char* const kTexts[] = {
    "", " ", "  two  spaces  ", "\nlines\n\n\n", "\ttab\r\n", "A b C", "na\u00EFve caf\u00E9",
    "\u65E5\u672C\u8A9E \u0440\u0443\u0441", "\U0001F600\U0001F469\u200D\U0001F680 emoji",
    "a plain sentence, with 123 numbers.", "  spaces   inside and after  ", "one\n\ntwo\n",
    // What sentencepiece uses for itself.
    "\u2581", " \u2581 a\u2581\u2581", "\u2581 a", "a\u2581b c", "\u2585", "\u2047", "<0x41>",
    "<unk><s></s>", "\uFFFD", "\uFEFFmark", "e\u0301 is not \u00E9", "\uFF21"};

// `length` characters of one to four bytes.
std::string RandomText(uint64_t seed, int64_t length) {
  std::string text;
  for (int64_t i = 0; i < length; ++i) {
    const uint64_t bits = MixBits(MixBits(seed) + i);
    const uint64_t limits[] = {0x80, 0x800, 0xD800, 0x110000};
    uint64_t code = (bits >> 8) % limits[bits % 4];
    code = code >= 0xD800 && code < 0xE000 ? 0x2581 : code;
    const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += {static_cast<char>(0xC0 | code >> 6), tail(0)};
    } else if (code < 0x10000) {
      text += {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
    } else {
      text += {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
    }
  }
  return text;
}

std::vector<std::string> CaptionTexts() {
  const auto dataset = *MakeShapes(ShapesConfig(), Split::kTrain, 16);
  std::vector<std::string> texts;
  for (int64_t i = 0; i < 500; ++i) {
    const Document document = *dataset->Get(i * dataset->size() / 500);
    for (const Segment& segment : document.segments) {
      if (const std::string* text = AsText(segment)) {
        texts.push_back(*text);
      }
    }
  }
  return texts;
}

std::string ReadFixture(const std::string& name) {
  return *Files().Read(std::string(TESSERA_SOURCE_DIR "/tests/data/files/") + name);
}

void ExpectGivesBackEveryText(const Tokenizer& tokenizer, const std::string& name) {
  for (const std::string text : kTexts) {
    EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text)), text) << name;
  }
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string text = RandomText(seed, 1 + static_cast<int64_t>(seed % 40));
    EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text)), text) << name << " " << seed;
  }
}

TEST(Tokenizer, GivesBackEveryText) {
  for (const TokenizerKind kind : {TokenizerKind::kBpe, TokenizerKind::kUnigram}) {
    for (const auto& training : {CaptionTexts(), {"\u65E5\u672C\u8A9E"}, {}}) {
      ExpectGivesBackEveryText(*Tokenizer::Train(training, {.kind = kind}),
                               std::string(EnumName(kind)));
    }
  }
}

TEST(Tokenizer, SpendsOneTokenOnAWordOfTheCaptions) {
  const Tokenizer tokenizer = *Tokenizer::Train(CaptionTexts(), {});
  EXPECT_EQ(tokenizer.Encode("a small red circle left of a large blue square").size(), 10);
  EXPECT_LT(tokenizer.size(), 600);
}

TEST(Tokenizer, IsAPureFunctionOfItsTexts) {
  const std::vector<std::string> texts = CaptionTexts();
  for (const TokenizerKind kind : {TokenizerKind::kBpe, TokenizerKind::kUnigram}) {
    EXPECT_EQ(Tokenizer::Train(texts, {.kind = kind})->Serialized(),
              Tokenizer::Train(texts, {.kind = kind})->Serialized());
  }
}

TEST(Tokenizer, SurvivesSaving) {
  const Tokenizer trained = *Tokenizer::Train(CaptionTexts(), {});
  const Tokenizer loaded = *Tokenizer::Parse(trained.Serialized());
  EXPECT_EQ(loaded.size(), trained.size());
  EXPECT_EQ(loaded.Serialized(), trained.Serialized());
  EXPECT_EQ(loaded.Encode("a red circle"), trained.Encode("a red circle"));
}

TEST(Tokenizer, HasAtMostTheGivenSize) {
  const std::vector<std::string> texts = CaptionTexts();
  EXPECT_EQ(Tokenizer::Train(texts, {.size = 300})->size(), 300);
  const absl::Status status = Tokenizer::Train(texts, {.size = 260}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("raise tokenizer.size"), std::string::npos) << status;
}

TEST(Tokenizer, PassesOverIdsThatAreNoText) {
  const Tokenizer tokenizer = *Tokenizer::Train(CaptionTexts(), {});
  std::vector<int64_t> ids = tokenizer.Encode("a red circle");
  ids.insert(ids.begin(), -1);
  ids.push_back(tokenizer.size());
  EXPECT_EQ(tokenizer.Decode(ids), "a red circle");
}

TEST(Tokenizer, WritesNothingToTheScreen) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_FALSE(Tokenizer::Parse("no model").ok());
  EXPECT_FALSE(Tokenizer::Parse("").ok());
  EXPECT_FALSE(Tokenizer::Train({"abc"}, {.size = 3}).ok());
  EXPECT_EQ(Tokenizer::Train({"abc"}, {.size = 3}).status().message(),
            "no tokenizer of 3 pieces can be trained on these texts: the 256 bytes and the letters "
            "alone are more; raise tokenizer.size");
  EXPECT_TRUE(Tokenizer::Train({"abc \u2585"}, {}).ok());
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// Settings of the public models: Llama 2 and TinyLlama put a space before every text, Gemma does
// not and has pieces of its own for line ends and runs of spaces.
TEST(Tokenizer, GivesBackEveryTextWithModelsInTheStyleOfLlama2AndGemma) {
  for (const char* name : {"llama2_style.model", "gemma_style.model"}) {
    ExpectGivesBackEveryText(*Tokenizer::Parse(ReadFixture(name)), name);
  }
}

// `letters` of so many different ones without a space, which do not repeat.
std::string LongWord(int64_t letters, uint64_t different, const char* first) {
  std::string word;
  for (int64_t i = 0; i < letters; ++i) {
    std::string letter = first;
    letter.back() = static_cast<char>(letter.back() + MixBits(i) % different);
    word += letter;
  }
  return word;
}

TEST(Tokenizer, IsTrainedOnWordsOfAnyLength) {
  const auto expect_trained = [](TokenizerKind kind, const std::string& word) {
    const auto tokenizer = Tokenizer::Train({"a word", word}, {.kind = kind, .size = 330});
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(word)), word);
  };
  expect_trained(TokenizerKind::kBpe, LongWord(33'000, 16, "a"));
  expect_trained(TokenizerKind::kBpe, std::string(70'000, 'a'));
  expect_trained(TokenizerKind::kBpe, LongWord(70'000, 32, "\u4E00"));
  expect_trained(TokenizerKind::kUnigram, LongWord(33'000, 16, "a"));
}

TEST(Tokenizer, IsTheSameWhereverAWordOfUsualLengthStands) {
  const std::vector<std::string> lines(3000, "the same words again");
  std::string one_line;
  for (const std::string& line : lines) {
    one_line += line + " ";
  }
  const auto of_lines = Tokenizer::Train(lines, {.size = 300});
  const auto of_one = Tokenizer::Train({one_line}, {.size = 300});
  EXPECT_EQ(of_lines->Encode("the same words"), of_one->Encode("the same words"));
}

}  // namespace
}  // namespace tessera
