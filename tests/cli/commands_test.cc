// Commands driven as processes; generate and the studies have tests of their own.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/cli/process.h"

namespace tessera {
namespace {

int64_t NumFiles(const TempFolder& folder) {
  const std::filesystem::recursive_directory_iterator all(folder.path());
  return std::distance(begin(all), end(all));
}

// Exit code 2, one line on the error stream that holds `part`, nothing else written.
void ExpectRefused(const TempFolder& folder, const std::string& arguments,
                   const std::string& part) {
  const int64_t files = NumFiles(folder);
  const Outcome outcome = Tessera(folder, arguments);
  EXPECT_EQ(outcome.exit_code, 2) << arguments;
  EXPECT_EQ(outcome.out, "") << arguments;
  EXPECT_TRUE(outcome.err.starts_with("tessera: ")) << arguments << ": " << outcome.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, part, outcome.err);
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
  EXPECT_EQ(NumFiles(folder), files) << arguments;
}

TEST(Commands, NameWhatAMistypedWordMeant) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  folder.Write("bad.toml", "[data]\nkind = \"shapes\"\nkindd = 1\n");
  ExpectRefused(folder, "", "required");
  ExpectRefused(folder, "evl", "did you mean 'eval'?");
  ExpectRefused(folder, "--quiet evl", "did you mean 'eval'?");
  ExpectRefused(folder, "eval run --quite", "did you mean '--quiet'?");
  ExpectRefused(folder, "data chekc", "did you mean 'check'?");
  ExpectRefused(folder, "tokenizer encod", "did you mean 'encode'?");
  ExpectRefused(folder, "eval run --cuont 3", "did you mean '--count'?");
  ExpectRefused(folder, "eval run --count 0", "--count");
  ExpectRefused(folder, "data check recipe.tom", "'recipe.toml'");
  ExpectRefused(folder, "train recipe", "did you mean 'recipe.toml'?");
  ExpectRefused(folder, "data check recipe.toml data.shaps.count=3", "data.shapes");
  ExpectRefused(folder, "data preview bad.toml", "bad.toml");
}

TEST(Commands, RefuseARunThatIsNone) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  for (const char* command : {"eval", "report", "inspect", "amed"}) {
    ExpectRefused(folder, std::string(command) + " recipe.tml", "'recipe.tml' is no run");
  }
}

TEST(DataCommand, ChecksAndShowsDocumentsAndListsBadOnes) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  folder.Write("set/a.png", TestFile("rgba.png"));
  folder.Write("set/a.txt", "an a");
  const Outcome good = Tessera(folder, "data check recipe.toml");
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "documents: 40", good.out);

  const Outcome preview = Tessera(folder, "data preview recipe.toml --count 3");
  EXPECT_EQ(preview.exit_code, 0) << preview.err;
  EXPECT_EQ(std::ranges::count(preview.out, '\n'), 4);
  EXPECT_TRUE(Contents(folder / "preview.png").starts_with("\x89PNG"));

  const std::string set = "recipe.toml data.kind=image_folder data.path=set data.test_share=0";
  EXPECT_EQ(Tessera(folder, "data check " + set).exit_code, 0);
  folder.Write("set/b.png", TestFile("rgba.png").substr(0, 60));
  folder.Write("set/b.txt", "a b");
  const Outcome bad = Tessera(folder, "data check " + set);
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'b.png' is a truncated PNG", bad.out);
  EXPECT_EQ(bad.err, "tessera: 1 document cannot be used; data.on_error=skip trains without\n");
  const Outcome skipped = Tessera(folder, "data check " + set + " data.on_error=skip");
  EXPECT_EQ(skipped.exit_code, 0) << skipped.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "'b.png' is a truncated PNG", skipped.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "1 document left out of training", skipped.out);
}

TEST(TokenizerCommand, TrainsOnATextWithoutItsByteOrderMark) {
  const TempFolder folder;
  folder.Write("plain.txt", "a b c\n");
  folder.Write("marked.txt",
               "\xEF\xBB\xBF"
               "a b c\n");
  folder.Write("wide.txt", std::string("a\0 \0", 4));
  EXPECT_EQ(Tessera(folder, "tokenizer train plain.txt --out plain.model").exit_code, 0);
  EXPECT_EQ(Tessera(folder, "tokenizer train marked.txt --out marked.model").exit_code, 0);
  EXPECT_EQ(Contents(folder / "plain.model"), Contents(folder / "marked.model"));
  ExpectRefused(folder, "tokenizer train wide.txt", "'wide.txt': the text is UTF-16");
}

TEST(TokenizerCommand, GivesBackEveryByteThatItWasGiven) {
  const TempFolder folder;
  const std::string text = "line\n\n  \ttwo \xf0\x9f\x90\xbc\xcc\x88 \r\n";
  folder.Write("recipe.toml", kTinyRecipe);
  folder.Write("text.txt", text);
  folder.Write("latin.txt", "caf\xe9");
  EXPECT_EQ(Tessera(folder, "tokenizer train recipe.toml --out a.model").exit_code, 0);
  EXPECT_EQ(Tessera(folder, "tokenizer train text.txt").exit_code, 0);
  for (const std::string model : {"a.model", "tokenizer.model"}) {
    const Outcome ids = Tessera(folder, "tokenizer encode " + model + " <text.txt");
    EXPECT_EQ(ids.exit_code, 0) << ids.err;
    folder.Write("ids.txt", ids.out);
    EXPECT_EQ(Tessera(folder, "tokenizer decode " + model + " <ids.txt").out, text);
  }
  const Outcome ids = Tessera(folder, "tokenizer encode a.model 'a red circle'");
  EXPECT_EQ(
      Tessera(folder, "tokenizer decode a.model " + ids.out.substr(0, ids.out.size() - 1)).out,
      "a red circle\n");
  ExpectRefused(folder, "tokenizer encode a.model <latin.txt", "invalid UTF-8 at byte 3");
  ExpectRefused(folder, "tokenizer encode recipe.toml x", "is not a sentencepiece model");
  ExpectRefused(folder, "tokenizer encode b.model x", "'a.model'");
  ExpectRefused(folder, "tokenizer decode a.model 300", "0 to 299");
  ExpectRefused(folder, "tokenizer train latin.txt", "invalid UTF-8 at byte 3");
}

TEST(TrainCommand, RefusesBeforeItWritesAndListsWhatItLeftOut) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  folder.Write("study.toml", "recipe = \"recipe.toml\"\n");
  folder.Write("set/good.png", TestFile("rgba.png"));
  folder.Write("set/good.txt", "a picture");
  folder.Write("set/bad.png", "");
  folder.Write("set/bad.txt", "none");
  const std::string train =
      "train recipe.toml data.kind=image_folder data.path=set data.test_share=0 --out run "
      "data.on_error=skip ";
  ExpectRefused(folder, "train study.toml", "run it by tessera ablate study.toml");
  ExpectRefused(folder, train, "holds out no documents to evaluate on");
  const Outcome trained = Tessera(folder, train + "train.evaluate_every=0");
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "bad data: 1\n", trained.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "bad.png", trained.out);
}

TEST(RunCommands, ReadARunOfTwoSteps) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const Outcome trained = Tessera(folder, "train recipe.toml --out run");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Outcome table = Tessera(folder, "eval run --count 4");
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_EQ(table.err, "");
  EXPECT_TRUE(table.out.starts_with("count ")) << table.out;
  EXPECT_EQ(Contents(folder / "run/eval.json"), Tessera(folder, "eval run --count 4 --json").out);
  const std::string kept = Contents(folder / "run/eval.json");
  EXPECT_EQ(Tessera(folder, "eval run --count 4 --set guidance=2").exit_code, 0);
  EXPECT_EQ(Contents(folder / "run/eval.json"), kept) << "of other settings";
  const Outcome report = Tessera(folder, "report run");
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_EQ(report.out, "run/report.html\n");
  const std::string page = Contents(folder / "run/report.html");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "held_<wbr>out_<wbr>scene_<wbr>accuracy", page);
  EXPECT_PRED_FORMAT2(testing::IsNotSubstring, "http", page);
  const Outcome inspect = Tessera(folder, "inspect run");
  EXPECT_EQ(inspect.exit_code, 0) << inspect.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, " parameters\n", inspect.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "rank 16 of 192", inspect.out);  // too narrow
  EXPECT_EQ(Tessera(folder, "tokenizer encode run/checkpoints/step-000002 'a red circle'").out,
            Tessera(folder, "tokenizer encode run 'a red circle'").out);
  for (const std::string command : {"eval", "generate", "probe", "sample-lab"}) {
    ExpectRefused(folder, command + " run --set guidanse=2", "tessera: --set: guidanse=2: ");
  }
  ExpectRefused(folder, "eval run --set sampler.steps=0",
                "tessera: --set: sampler: steps must be at least 1");
  folder.Write("run/eval.json", "{");
  ExpectRefused(folder, "report run", "run/eval.json: bad JSON");
}

TEST(AmedCommand, FitsSamplersThatOtherCommandsUse) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const Outcome trained = Tessera(folder, "train recipe.toml --out run");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  ExpectRefused(folder, "eval run --set sampler.kind=amed", "has no predictor; fit one");
  const std::string fit = "amed run --set amed.patches=8 amed.batch=4 --evaluations ";
  const Outcome amed = Tessera(folder, fit + "5");
  EXPECT_EQ(amed.exit_code, 0) << amed.err;
  EXPECT_EQ(Tessera(folder, fit + "4").exit_code, 0);  // has two steps too, and a folder of its own
  const size_t words = amed.out.find("--set ");
  ASSERT_NE(words, std::string::npos) << amed.out;
  const std::string use =
      "eval run --count 4 " + amed.out.substr(words, amed.out.size() - words - 1);
  EXPECT_EQ(Tessera(folder, use).exit_code, 0) << use;
  ExpectRefused(folder, use + " sampler.steps=3",
                "for 7 evaluations but for 4, 5; use it with --set ");
  ExpectRefused(folder, use + " guidance=5", "was fitted with other settings");
  ExpectRefused(folder, "train recipe.toml generate.sampler.kind=amed --out b",
                "needs a predictor");
}

// Without the data that it was trained on, which is not needed.
TEST(InspectCommand, RecoversThePixelsFromWhatTheFirstLayerOfATrainedModelReads) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  const Outcome trained = Tessera(folder,
                                  "train recipe.toml model.patch=2 model.grids='[\"8x8\"]' "
                                  "train.row_length=128 --out run");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Outcome inspect = Tessera(folder, "inspect run");
  EXPECT_EQ(inspect.exit_code, 0) << inspect.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "patch embedding: rank 12 of 12", inspect.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "first layer's input: 0 of 768 values wrong",
                      inspect.out);
  const Outcome tensors = Tessera(folder, "inspect run/checkpoints/step-000002/model.safetensors");
  EXPECT_EQ(tensors.exit_code, 0) << tensors.err;
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "embed_tokens", tensors.out);
  EXPECT_PRED_FORMAT2(testing::IsSubstring, " numbers\n", tensors.out);
  folder.Write("cut.safetensors",
               Contents(folder / "run/checkpoints/step-000002/model.safetensors").substr(0, 1000));
  ExpectRefused(folder, "inspect cut.safetensors", "cut.safetensors");
}

TEST(Commands, TryAFailingFileOperationAgain) {
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  folder.Write("set/a.png", TestFile("rgba.png"));
  folder.Write("set/metadata.csv", "file_name,text\na.png,an a\n");
  const std::string set =
      "recipe.toml data.kind=image_folder data.path=set data.test_share=0 train.evaluate_every=0";
  const Outcome trained = Tessera(folder, "train " + set + " --out run");
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  // The first page of a process is not mapped: reading it is EIO, which is worth another try.
  std::filesystem::remove(folder / "set/metadata.csv");
  for (const char* name : {"set/metadata.csv", "bad.png"}) {
    std::filesystem::create_symlink("/proc/self/mem", folder / name);
  }
  for (const std::string& command :
       {"data check " + set, "tokenizer train " + set, std::string("eval run"),
        std::string("generate run bad.png"), std::string("probe run")}) {
    const Outcome outcome = Tessera(folder, command);
    EXPECT_EQ(outcome.exit_code, 2) << command;
    EXPECT_PRED_FORMAT2(testing::IsSubstring, "gave up after 5 tries", outcome.err) << command;
  }
}

}  // namespace
}  // namespace tessera
