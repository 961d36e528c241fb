// Mixtures, `data stats` and `data convert` as processes.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/process.h"

namespace tessera {
namespace {

void Has(const std::string& part, const std::string& text) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, part, text);
}

// Drawn shapes, a folder of pictures and a text: the example of docs/formats.md.
class MixtureCommands : public testing::Test {
 protected:
  MixtureCommands() {
    for (const char* name : {"photos/cat/a", "photos/cat/b", "photos/dog/c"}) {
      folder_.Write(std::string(name) + ".png", TestFile("rgba.png"));
    }
    folder_.Write("books/one.txt", "a first line\na second line\n");
    folder_.Write("recipe.toml", std::string(kTinyRecipe) + R"(
[data]
caption = "a picture of a {label}"
[[data.mix]]
name = "drawn"
weight = 2
shapes.count = 40
[[data.mix]]
name = "photos"
kind = "image_folder"
path = "photos"
test_share = 0
show.picture_first = 0.9
[[data.mix]]
name = "books"
kind = "text"
path = "books"
test_share = 0
)");
  }

  TempFolder folder_;
};

TEST_F(MixtureCommands, TrainTellsTheLossesAndTheAccountByName) {
  const Outcome trained = Tessera(folder_, "train recipe.toml --out run train.evaluate_every=1");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  Has("  photos: 3 to train on, 0 to test on, 25% of what training reads\n",
      Contents(folder_ / "run/data.txt"));
  const std::string log = Contents(folder_ / "run/log.jsonl");
  for (const char* part : {"\"text_loss_by_set\":{\"drawn\":", "\"held_out_text_loss_by_set\":{"}) {
    Has(part, log);
  }
  const Outcome again = Tessera(folder_, "train run --resume train.steps=3");
  EXPECT_EQ(again.exit_code, 0) << again.err;
  Has("[[data.mix]]", Contents(folder_ / "run/config.toml"));
  const Outcome measured = Tessera(folder_, "eval run --json --count 8");
  ASSERT_EQ(measured.exit_code, 0) << measured.err;
  Has("text_nats_of_drawn", measured.out);
}

TEST_F(MixtureCommands, InspectCheckPreviewAndStatsTakeAMixture) {
  Has("together", Tessera(folder_, "inspect recipe.toml").out);
  Has("books: 2 to train on", Tessera(folder_, "data check recipe.toml").out);
  Has("a first line", Tessera(folder_, "data preview recipe.toml --count 99").out);
  const Outcome stats = Tessera(folder_, "data stats recipe.toml --out s.html");
  EXPECT_EQ(stats.exit_code, 0) << stats.err;
  Has("photos: 3 to train on, 0 to test on\n", stats.out);
  Has("<svg", Contents(folder_ / "s.html"));
}

TEST_F(MixtureCommands, RefusalsNameLineSetAndKey) {
  const Outcome unknown = Tessera(folder_, "train recipe.toml data.mix.photo.weight=2");
  EXPECT_EQ(unknown.exit_code, 2);
  Has("data.mix has no entry photo; did you mean photos?", unknown.err);
  const Outcome weight = Tessera(folder_, "train recipe.toml data.mix.photos.weight=-1");
  EXPECT_EQ(weight.exit_code, 2);
  Has("data.mix.1: weight of photos must be above 0", weight.err);
  const Outcome convert = Tessera(folder_, "data convert recipe.toml --out out");
  EXPECT_EQ(convert.exit_code, 2);
  Has("a mixture is not converted", convert.err);
}

TEST_F(MixtureCommands, ConvertSaysWhatItWroteAndHowToReadIt) {
  const Outcome outcome = Tessera(folder_, "data convert photos --form webdataset --out shards");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "shards: 3 documents with 3 pictures in 1 file (3 to train on, 0 to test on); read it "
            "by data.kind=webdataset\n");
  Has("documents: 3 to train on", Tessera(folder_, "data check shards").out);
  EXPECT_EQ(Tessera(folder_, "data convert photos --out shards").exit_code, 2);
}

}  // namespace
}  // namespace tessera
