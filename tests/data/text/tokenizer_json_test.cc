#include "data/text/tokenizer_json.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "data/text/byte_pairs.h"
#include "files/json.h"

namespace tessera {
namespace {

std::string Utf8(int letter) {
  return letter < 0x80 ? std::string(1, static_cast<char>(letter))
                       : std::string({static_cast<char>(0xC0 | letter >> 6),
                                      static_cast<char>(0x80 | (letter & 0x3F))});
}

// The 256 letters of bytes as GPT-2 writes them, whose ids are the bytes.
JsonObject Letters() {
  JsonObject vocabulary;
  int next = 256;
  for (int64_t byte = 0; byte < 256; ++byte) {
    const bool prints = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    vocabulary.emplace_back(Utf8(prints ? static_cast<int>(byte) : next++), Json{byte});
  }
  return vocabulary;
}

constexpr char kRest[] = R"(, "normalizer": null, "decoder": {"type": "ByteLevel"},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
    {"type": "Split", "pattern": {"Regex": "\\s+|[^\\s]+"}, "behavior": "Isolated"},
    {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
  "added_tokens": [{"id": 300, "content": "<end>", "normalized": false},
                   {"id": 301, "content": "<end>ed", "normalized": false}]})";

// With "ab", "abc" and "bc" behind the letters; "bc" is learnt first.
std::string File(bool whole_words = false) {
  JsonObject vocabulary = Letters();
  for (const auto& [piece, id] : {std::pair("ab", 256), {"abc", 257}, {"bc", 258}}) {
    vocabulary.emplace_back(piece, Json{int64_t{id}});
  }
  const JsonArray merges = {{"b c"}, {JsonArray{{"a"}, {"b"}}}, {"ab c"}};
  const JsonObject model = {{"type", {"BPE"}},
                            {"ignore_merges", {whole_words}},
                            {"vocab", {vocabulary}},
                            {"merges", {merges}}};
  return absl::StrCat("{\"model\": ", DumpJson({model}), kRest);
}

using Ids = std::vector<int64_t>;

TEST(TokenizerJson, JoinsThePairThatWasLearntFirst) {
  const auto codec = *ParseTokenizerJson(File());
  EXPECT_EQ(codec->Encode("abc"), (Ids{'a', 258}));
  EXPECT_EQ(codec->Encode("abab"), (Ids{256, 256}));
  EXPECT_EQ(codec->Encode("b c"), (Ids{'b', ' ', 'c'})) << "no pair is joined across words";
  EXPECT_EQ((*ParseTokenizerJson(File(/*whole_words=*/true)))->Encode("abc"), Ids{257});
}

TEST(TokenizerJson, JoinsALongWordInLittleTime) {
  std::string word;
  Ids expected;
  for (int i = 0; i < 200'000; ++i) {
    word += "bc";
    expected.push_back(258);
  }
  EXPECT_EQ((*ParseTokenizerJson(File()))->Encode(word), expected);
}

TEST(TokenizerJson, FindsTheLongestAddedTokenAndGivesItBack) {
  const auto codec = *ParseTokenizerJson(File());
  EXPECT_EQ(codec->size(), 302);
  EXPECT_EQ(codec->Encode("x<end>ed<end>bc"), (Ids{'x', 301, 300, 258}));
  EXPECT_EQ(codec->Decode({'x', 301, 300, 258, 299, -1, 999}), "x<end>ed<end>bc");
}

TEST(TokenizerJson, GivesBackEveryTextAndReplacesWhatIsNone) {
  const auto codec = *ParseTokenizerJson(File());
  for (const std::string text :
       {"", " ", "na\u00EFve \u65E5\u672C\n\n", "\U0001F600\u180E\u00A0"}) {
    EXPECT_EQ(codec->Decode(codec->Encode(text)), text);
  }
  EXPECT_EQ(codec->Decode({0xE6, 0x97, 'a', 0xFF, 0x80}), "\uFFFDa\uFFFD\uFFFD");
  EXPECT_EQ(codec->Encode("\xFF\x41"), (Ids{0xFF, 'A'})) << "bytes that are no text stay bytes";
}

TEST(TokenizerJson, ComposesIfTheFileSaysSo) {
  const std::string file = absl::StrReplaceAll(
      File(), {{"\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}"}});
  EXPECT_EQ((*ParseTokenizerJson(file))->Encode("e\u0301"), (Ids{0xC3, 0xA9}));
  EXPECT_EQ((*ParseTokenizerJson(File()))->Encode("e\u0301"), (Ids{'e', 0xCC, 0x81}));
}

TEST(TokenizerJson, RefusesByItsNameWhatIsNotRead) {
  const auto expect = [](const std::string& from, const std::string& to, const char* part) {
    const std::string file = File();
    ASSERT_NE(file.find(from), std::string::npos) << from;
    const auto codec = ParseTokenizerJson(absl::StrReplaceAll(file, {{from, to}}));
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, std::string(codec.status().message()));
  };
  expect("\"type\":\"BPE\"", "\"type\":\"Unigram\"", "model.type Unigram is not read here");
  expect("\"type\":\"BPE\"", "\"dropout\":0.1", "model.dropout is not read here");
  expect("\"type\":\"BPE\"", "\"byte_fallback\":true", "model.byte_fallback is not");
  expect("\"b c\"", "\"b cd\"", "merges: entry 0 is no pair");
  expect("\"abc\":257", "\"abc\":256", "two tokens have the id 256");
  expect("\"abc\":257", "\"abc\":-1", "'abc' has no sound id");
  expect("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFKC\"}", "normalizer NFKC");
  expect("\"Isolated\"", "\"Removed\"", "Split.behavior Removed is not read here");
  expect("\"Split\"", "\"Metaspace\"", "pre_tokenizer Metaspace is not");
  expect("\"add_prefix_space\": false", "\"add_prefix_space\": true", "add_prefix_space");
  expect("[^\\\\s]+", "(", "the expression '\\p{White_Space}+|(' is not read here: ");
  expect("\"decoder\": {\"type\": \"ByteLevel\"}", "\"decoder\": {\"type\": \"Fuse\"}",
         "decoder Fuse");
  expect("\"content\": \"<end>\"", "\"content\": \"<end>\", \"lstrip\": true",
         "lstrip of '<end>' is not read here");
  EXPECT_FALSE(ParseTokenizerJson("{}").ok());
  EXPECT_FALSE(ParseTokenizerJson("{").ok());
}

}  // namespace
}  // namespace tessera
