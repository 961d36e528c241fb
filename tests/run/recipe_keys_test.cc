// What is true of every key of a recipe: its help is a sentence, each of its choices is enough by
// itself, and where it stood before it is not any more.
#include <gtest/gtest.h>

#include <cctype>
#include <map>

#include "analysis/ablation/study_plan.h"
#include "config/toml.h"
#include "files/files.h"
#include "run/amed_file.h"
#include "run/recipe.h"

namespace tessera {
namespace {

// Choices of recipes/shapes.toml that need another run, which the sentence asks for.
const std::map<std::string, std::string> kNeedMore = {
    {"model.input.kind=codes", "autoencoder.path"},
    {"model.head.kind=codes", "autoencoder.path"},
};

TEST(Choices, EachChoiceOfARecipeIsEnoughByItself) {
  const auto toml = Files().Read(TESSERA_SOURCE_DIR "/recipes/shapes.toml");
  ASSERT_TRUE(toml.ok()) << toml.status();
  RunConfig shapes;
  ASSERT_TRUE(FromRecipe(*toml, "shapes.toml", {}, &shapes).ok());
  std::vector<std::string> choices;
  ForEachField(shapes, [&](const Field& field) {
    if (const auto* choice = std::get_if<EnumRef>(&field.ref); choice && field.active) {
      for (const std::string& name : choice->names) {
        choices.push_back(field.path + "=" + name);
      }
    }
  });
  EXPECT_GT(choices.size(), 60u);
  for (const std::string& choice : choices) {
    RunConfig config;
    const absl::Status status = FromRecipe(*toml, "shapes.toml", {choice}, &config);
    const auto more = kNeedMore.find(choice);
    if (more == kNeedMore.end()) {
      EXPECT_TRUE(status.ok()) << choice << ": " << status;
    } else {
      EXPECT_PRED_FORMAT2(testing::IsSubstring, more->second, std::string(status.message()));
    }
  }
}

TEST(MovedKeys, LeadToKeysAndAreNoneThemselves) {
  std::map<std::string, bool> is_key;  // or a section
  for (const FieldInfo& field : ListFields(RunConfig())) {
    is_key[field.path] = !field.type.empty();
  }
  for (const MovedKey& moved : RunConfig::MovedKeys()) {
    const std::string from(moved.from), to(moved.to);
    EXPECT_FALSE(is_key.contains(from) && is_key[from]) << from;
    EXPECT_TRUE(to.empty() ? !moved.why.empty() : is_key.contains(to) && is_key[to]) << to;
  }
}

TEST(MovedKeys, OfADumpOfAnEarlierVersionKeepTheirValues) {
  const std::string dump =
      "[data]\nkind = \"shapes\"\ndrop_text = 0.3\n[data.retry]\ntries = 5\n"
      "[model.head]\nkind = \"gmm\"\ncomponents = 5\n[train]\noptimizer = \"adamw\"\nlr = 0.5\n";
  RunConfig config;
  const absl::Status status = FromDump(dump, "config.toml", {}, &config);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(config.data.show.drop_text, .3);
  EXPECT_EQ(config.model.head.gmm.components, 5);
  EXPECT_EQ(config.train.optimizer.kind, OptimizerKind::kAdamW);
  EXPECT_EQ(config.train.optimizer.lr, .5);
  EXPECT_EQ(FromToml(dump, "run.toml", {}, &config).message(),
            "run.toml:3: data.drop_text is now data.show.drop_text; rename it");
}

template <class Config>
void ExpectSentences() {
  for (const FieldInfo& field : ListFields(Config())) {
    ASSERT_FALSE(field.doc.empty()) << field.path;
    EXPECT_TRUE(std::isupper(field.doc.front())) << field.doc;
    EXPECT_EQ(field.doc.back(), '.') << field.doc;
    EXPECT_LE(field.doc.size(), 150u) << field.doc;
  }
}

TEST(Config, ExplainsEveryKeyInASentence) {
  ExpectSentences<Recipe>();
  ExpectSentences<AmedSettings>();
  ExpectSentences<StudyConfig>();
}

}  // namespace
}  // namespace tessera
