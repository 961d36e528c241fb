#include "analysis/report/report.h"

#include <gtest/gtest.h>

#include <cmath>

#include "analysis/report/curves.h"
#include "analysis/report/run_log.h"
#include "data/image/image_io.h"
#include "tests/analysis/untrained_run.h"
#include "tests/files/temp_folder.h"
#include "tests/sequence/toy_documents.h"

namespace tessera {
namespace {

constexpr char kLog[] =
    R"({"step": 20, "minutes": 0.5, "text_loss": 3.5, "image_loss": 1.25, "tokens_per_second": 900.0,)"
    R"( "image_loss_by_level": [null, 0.5], "image_loss_by_patch": [1.0, 2.0, null]})"
    "\n"
    R"({"step": 40, "minutes": 1.0, "text_loss": 2.5, "image_loss": 0.75, "tokens_per_second": 950.0,)"
    R"( "image_loss_by_level": [0.25, 0.5], "image_loss_by_patch": [1.0, 2.0, null]})"
    "\n";

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

int64_t Count(const std::string& text, const std::string& part) {
  int64_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) {
    ++count;
  }
  return count;
}

TEST(ReadLog, PassesOverAnUnfinishedLastLine) {
  const TempFolder folder;
  folder.Write("log.jsonl", std::string(kLog) + "{\"step\": 60, \"min");
  const auto log = ReadLog(folder.path(), Files());
  ASSERT_TRUE(log.ok()) << log.status();
  ASSERT_EQ(log->size(), 2);
  EXPECT_EQ(log->back().step, 40);
  EXPECT_EQ(log->back().image_loss, 0.75);
  EXPECT_TRUE(std::isnan(log->front().image_loss_by_level[0]));
}

TEST(ReadLog, NamesTheLineThatIsWrong) {
  const TempFolder folder;
  folder.Write("log.jsonl", std::string(kLog) + "{}\n");
  const std::string message(ReadLog(folder.path(), Files()).status().message());
  EXPECT_TRUE(Has(message, "log.jsonl, line 3: there is no integer \"step\"")) << message;
}

TEST(Curves, LeavesOutWhatWasNeverMeasured) {
  TrainReport report;
  report.image_loss = 1;
  report.step = 1;
  std::vector<TrainReport> log = {report, report};
  log.back().step = 2;
  const std::vector<Figure> figures = Curves(log);
  ASSERT_EQ(figures.size(), 1);
  EXPECT_TRUE(Has(figures[0].markup, "Image loss"));
  EXPECT_TRUE(Curves({}).empty());
}

TEST(WriteReport, ShowsRecordsPicturesAndStoriesOnOnePage) {
  const TempFolder folder;
  folder.Write("log.jsonl", kLog);
  folder.Write("eval.json", "{\"scene_accuracy\": 0.625}");
  for (int i = 0; i < 8; ++i) {
    folder.Write("samples/step-00000" + std::to_string(i) + ".png", "png");
  }
  const auto files = std::make_shared<const Files>();
  const auto run = UntrainedRun({"data.shapes.variant=stories"});
  ASSERT_TRUE(run.ok()) << run.status();
  const absl::Status status = WriteReport(folder.path(), *run, files);
  ASSERT_TRUE(status.ok()) << status;
  const std::string page = files->Read(folder / "report.html").value();
  for (const char* part : {"trained for 40 steps in 1.0 minutes", "scene_<wbr>accuracy", ">0.625<",
                           "Text loss", "by noise level", "Machine", "max_text = 4",
                           "(wrong: ", "continued from its first text", "of its own invention"}) {
    EXPECT_TRUE(Has(page, part)) << part;
  }
  EXPECT_EQ(Count(page, "alt=\"step-"), 5);
  EXPECT_TRUE(Has(page, "step-000000") && Has(page, "step-000007"));
  EXPECT_GE(Count(page, "<img"), 5 + 12 + 12);
  EXPECT_FALSE(Has(page, "http"));
}

TEST(WriteReport, SetsTrainingPicturesBesideWhatIsDrawnAndSaysWhatOverFits) {
  const TempFolder data, folder;
  for (int64_t i = 0; i < 12; ++i) {
    data.Write(absl::StrCat(i, ".png"), EncodePng(NoisePicture(16, 16, i)));
    data.Write(absl::StrCat(i, ".txt"), absl::StrCat("picture ", i));
  }
  const auto files = std::make_shared<const Files>();
  const auto run =
      UntrainedRun({"data.kind=image_folder", "data.path=" + data.path(), "data.test_share=0"});
  ASSERT_TRUE(run.ok()) << run.status();
  folder.Write("eval.json", R"({"count": 512, "text_nats": 3.0, "training_text_nats": 1.5,)"
                            R"( "image_loss": 0.5, "training_image_loss": 0.5})");
  const absl::Status status = WriteReport(folder.path(), *run, files);
  ASSERT_TRUE(status.ok()) << status;
  const std::string page = files->Read(folder / "report.html").value();
  EXPECT_TRUE(Has(page,
                  "Text loss is 3 on unseen documents and 1.5 on training documents, a "
                  "change of +100 %: it over-fits."));
  EXPECT_TRUE(Has(page, "a change of +0 %: it does not over-fit."));
  EXPECT_TRUE(Has(page, "left drawn for the caption, right true"));
  const size_t inventions = page.find("of its own invention");
  ASSERT_NE(inventions, page.npos);
  EXPECT_EQ(Count(page.substr(0, inventions), "<img"), 12);
  EXPECT_GT(Count(page.substr(inventions), "<img"), 0);
}

}  // namespace
}  // namespace tessera
