#include "data/prompt_list.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

std::string Message(const std::string& text, const std::string& file = "a.jsonl") {
  return std::string(ParsePromptList(text, file, 0).status().message());
}

TEST(PromptList, OfLinesNumbersThemAndCountsTheirSeeds) {
  const auto prompts = ParsePromptList("a dot\r\n\n  two dots \n", "a.txt", 7);
  ASSERT_TRUE(prompts.ok()) << prompts.status();
  ASSERT_EQ(prompts->size(), 2);
  EXPECT_EQ(prompts->at(0).text, "a dot");
  EXPECT_EQ(prompts->at(1).text, "two dots");
  EXPECT_EQ(prompts->at(1).id, "00001");
  EXPECT_EQ(prompts->at(1).seed, 8);
}

TEST(PromptList, OfJsonTakesItsKeysAndKeepsTheOthers) {
  const auto prompts = ParsePromptList(
      R"({"tag": "colors", "prompt": "a dot", "include": [{"class": "dot"}]})"
      "\n"
      R"({"text": "a ring", "id": 12, "seed": 3, "grid": "2x4", "negative": "a dot"})",
      "a.jsonl", 0);
  ASSERT_TRUE(prompts.ok()) << prompts.status();
  EXPECT_EQ(prompts->at(0).text, "a dot");
  EXPECT_EQ(prompts->at(0).id, "00000");
  EXPECT_EQ(DumpJson({prompts->at(0).row}),
            R"({"tag":"colors","prompt":"a dot","include":[{"class":"dot"}]})");
  EXPECT_EQ(prompts->at(1).id, "12");
  EXPECT_EQ(prompts->at(1).seed, 3);
  EXPECT_EQ(prompts->at(1).grid, "2x4");
  EXPECT_EQ(prompts->at(1).negative, "a dot");
}

TEST(PromptList, IsRefusedWithItsLineIfItCannotBeUsed) {
  const std::string good = "{\"text\": \"a dot\", \"id\": \"a\"}\n\n";
  EXPECT_EQ(Message(good + good), "'a.jsonl', line 3: the id 'a' is that of line 1");
  EXPECT_EQ(Message(good + "[1]"), "'a.jsonl', line 3: this is no JSON object");
  EXPECT_EQ(Message("\n \n"), "'a.jsonl' holds no prompt");
  EXPECT_EQ(Message(std::string("a dot\0b", 7), "a.txt"),
            "'a.txt', line 1: the text has a zero byte at byte 5");
  for (const auto& [row, problem] : std::vector<std::pair<std::string, std::string>>{
           {"{}", "the key \"prompt\" or the key \"text\", one of them"},
           {R"({"text": "a", "prompt": "a"})", "one of them"},
           {R"({"text": 3})", "\"text\" must be a string"},
           {R"({"text": " "})", "the text is empty"},
           {R"({"text": "a", "seed": -1})", "\"seed\" must be a whole number of at least 0"},
           {R"({"text": "a", "seed": 1.5})", "\"seed\" must be a whole number of at least 0"},
           {R"({"text": "a", "grid": 4})", "\"grid\" must be a string"},
           {R"({"text": "a", "id": "../a"})", "\"id\" names files"},
           {R"({"text": "a", "id": "a/b"})", "\"id\" names files"},
           {R"({"text": "a", "id": ""})", "\"id\" names files"}}) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, problem, Message(row)) << row;
  }
}

}  // namespace
}  // namespace tessera
