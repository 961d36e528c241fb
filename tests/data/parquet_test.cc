// A Parquet file of the Hub's layout, which `datasets` 5.2 has written: four pictures, the last by
// its path alone, in two row groups, with a column of classes.
#include "data/parquet.h"

#include <gtest/gtest.h>

#include "data/parquet_file.h"
#include "tests/data/file_sets.h"

namespace tessera {
namespace {

class DotsInParquet : public testing::Test {
 protected:
  DotsInParquet() {
    folder_.Write("dots-train.parquet", TestFile("dots-train.parquet"));
    config_ = Config(DataKind::kParquet, folder_.path());
    config_.caption = "a {label}";
  }

  bool IsRead() const {
    return OpenParquetFile(folder_ / "dots-train.parquet", std::make_shared<Files>()).ok();
  }

  std::string Message() const { return std::string(Open(config_).status().message()); }

  TempFolder folder_;
  DataConfig config_;
};

constexpr char kSkipped[] = "this build reads no parquet; scripts/setup.sh --parquet makes one";

TEST_F(DotsInParquet, AreReadOrTheBuildSaysHowToReadThem) {
  if (!IsRead()) {
    EXPECT_EQ(Message(), "this build reads no parquet, so not '" + folder_ / "dots-train.parquet" +
                             "'; scripts/setup.sh --parquet makes one that does");
    return;
  }
  config_.on_error = OnError::kSkip;
  const auto dataset = Open(config_);
  EXPECT_EQ(DocumentsOf(dataset),
            (std::vector<Document>{{{"a cat", Dot(1)}}, {{"a cat", Dot(2)}}, {{"a dog", Dot(3)}}}));
  EXPECT_EQ((*dataset)->Account().bad,
            std::vector<std::string>{
                "'" + folder_ / "dots-train.parquet" +
                "' row 3: 'dots-train.parquet/3' has no bytes; write pictures into the file, not "
                "their paths"});
  EXPECT_EQ((*dataset)->Account().labels, (std::map<std::string, int64_t>{{"cat", 2}, {"dog", 1}}));
  EXPECT_EQ(Open(config_, Split::kTest).value()->size(), 0) << "the file's name names the split";
}

TEST_F(DotsInParquet, ThatAreDamagedAreToldByName) {
  if (!IsRead()) {
    GTEST_SKIP() << kSkipped;
  }
  const std::string bytes = TestFile("dots-train.parquet");
  folder_.Write("dots-train.parquet", bytes.substr(0, bytes.size() / 2));
  EXPECT_PRED_FORMAT2(
      testing::IsSubstring,
      "'" + folder_ / "dots-train.parquet" + "' is a damaged Parquet file: ", Message());
  for (size_t i = 0; i < bytes.size(); i += 13) {  // whatever a byte becomes, the program goes on
    std::string changed = bytes;
    changed[i] = static_cast<char>(~changed[i]);
    folder_.Write("dots-train.parquet", changed);
    const auto dataset = Open(config_);
    for (int64_t k = 0; dataset.ok() && k < (*dataset)->size(); ++k) {
      (*dataset)->Get(k).status().IgnoreError();
    }
  }
}

}  // namespace
}  // namespace tessera
