#include "data/file_dataset.h"

#include <atomic>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/status.h"

namespace tessera {
namespace {

class FileDataset : public Dataset {
 public:
  FileDataset(std::vector<DocumentRow> rows, std::unique_ptr<Pictures> pictures)
      : rows_(std::move(rows)), pictures_(std::move(pictures)) {}

  int64_t size() const override { return std::ssize(rows_); }

  absl::StatusOr<Document> Get(int64_t index) const override {
    if (index < 0 || index >= size()) {
      return absl::OutOfRangeError(absl::StrCat("document ", index, " of ", size()));
    }
    const DocumentRow& row = rows_[static_cast<size_t>(index)];
    Document document;
    for (const auto& segment : row.segments) {
      if (const std::string* text = std::get_if<std::string>(&segment)) {
        document.segments.emplace_back(*text);
        continue;
      }
      absl::StatusOr<Image> image = pictures_->Get(std::get<PictureName>(segment).name);
      if (!image.ok()) {
        return At(row.where, image.status());
      }
      document.segments.emplace_back(*std::move(image));
    }
    return document;
  }

  std::vector<std::string> Problems() const override { return problems_; }

  // Drops the rows that Get cannot read. The outcome does not depend on the number of threads.
  absl::Status DropBadRows(int64_t num_threads, BadData& bad) {
    std::vector<absl::Status> outcomes(rows_.size());
    std::atomic<int64_t> next = 0;
    const auto work = [&] {
      for (int64_t i; (i = next++) < size();) {
        outcomes[static_cast<size_t>(i)] = Get(i).status();
      }
    };
    {
      std::vector<std::jthread> threads;
      try {
        for (int64_t i = 1; i < num_threads; ++i) {
          threads.emplace_back(work);
        }
      } catch (const std::system_error&) {  // fewer threads do the same
      }
      work();
    }
    std::vector<DocumentRow> good;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (outcomes[i].ok()) {
        good.push_back(std::move(rows_[i]));
      } else {
        RETURN_IF_ERROR(bad.Report(outcomes[i]));
      }
    }
    rows_ = std::move(good);
    return absl::OkStatus();
  }

  void SetProblems(std::vector<std::string> problems) { problems_ = std::move(problems); }

 private:
  std::vector<DocumentRow> rows_;
  std::unique_ptr<Pictures> pictures_;
  std::vector<std::string> problems_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> MakeFileDataset(std::vector<DocumentRow> rows,
                                                         std::unique_ptr<Pictures> pictures,
                                                         const DataConfig& config, BadData bad) {
  auto dataset = std::make_unique<FileDataset>(std::move(rows), std::move(pictures));
  if (config.on_error == OnError::kSkip) {
    RETURN_IF_ERROR(dataset->DropBadRows(std::max<int64_t>(config.threads, 1), bad));
  }
  dataset->SetProblems(bad.problems());
  return dataset;
}

}  // namespace tessera
