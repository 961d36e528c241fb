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
    return Read(index, [this](const PictureName& name) { return pictures_->Get(name.name); });
  }

  absl::StatusOr<Document> Outline(int64_t index) const override {
    return Read(index, [](const PictureName&) { return absl::StatusOr<Image>(Image()); });
  }

  absl::StatusOr<std::string> PictureFile(int64_t index, size_t segment) const override {
    const DocumentRow& row = rows_.at(static_cast<size_t>(index));
    return pictures_->File(std::get<PictureName>(row.segments.at(segment)).name);
  }

  std::string Where(int64_t index) const override {
    return rows_[static_cast<size_t>(index)].where;
  }

  DataAccount Account() const override { return account_; }

  // Drops the rows that Get cannot read. The outcome does not depend on the number of threads.
  absl::Status DropBadRows(int64_t num_threads, FileFindings& findings) {
    std::vector<absl::StatusOr<Document>> outcomes = ReadAll(num_threads);
    std::vector<DocumentRow> good;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (!outcomes[i].ok()) {
        RETURN_IF_ERROR(findings.bad.Report(outcomes[i].status()));
        continue;
      }
      for (const Segment& segment : outcomes[i]->segments) {
        if (const Image* image = AsImage(segment)) {
          ++findings.account.sizes[{image->height, image->width}];
        }
      }
      good.push_back(std::move(rows_[i]));
    }
    rows_ = std::move(good);
    findings.account.decoded = true;
    return absl::OkStatus();
  }

  // Completes the account by what the rows hold.
  void Count(FileFindings findings) {
    account_ = std::move(findings.account);
    account_.documents = size();
    account_.bad = findings.bad.problems();
    for (const DocumentRow& row : rows_) {
      account_.unscored += std::ssize(row.unscored);
      if (!row.label.empty()) {
        ++account_.labels[row.label];
      }
      for (const NamedSegment& segment : row.segments) {
        if (const std::string* text = std::get_if<std::string>(&segment)) {
          account_.CountText(*text);
        } else {
          ++account_.pictures;
        }
      }
    }
  }

 private:
  template <class ReadPicture>
  absl::StatusOr<Document> Read(int64_t index, const ReadPicture& read_picture) const {
    if (index < 0 || index >= size()) {
      return absl::OutOfRangeError(absl::StrCat("document ", index, " of ", size()));
    }
    const DocumentRow& row = rows_[static_cast<size_t>(index)];
    Document document{.segments = {}, .unscored = row.unscored};
    for (const NamedSegment& segment : row.segments) {
      if (const std::string* text = std::get_if<std::string>(&segment)) {
        document.segments.emplace_back(*text);
        continue;
      }
      absl::StatusOr<Image> image = read_picture(std::get<PictureName>(segment));
      if (!image.ok()) {
        return At(row.where, image.status());
      }
      document.segments.emplace_back(*std::move(image));
    }
    return document;
  }

  // Every document, or why it is bad. Pictures have their sizes and no pixels.
  std::vector<absl::StatusOr<Document>> ReadAll(int64_t num_threads) const {
    std::vector<absl::StatusOr<Document>> outcomes(rows_.size());
    std::atomic<int64_t> next = 0;
    const auto work = [&] {
      for (int64_t i; (i = next++) < size();) {
        absl::StatusOr<Document> document = Get(i);
        for (size_t k = 0; document.ok() && k < document->segments.size(); ++k) {
          if (Image* image = std::get_if<Image>(&document->segments[k])) {
            *image = {image->height, image->width, {}};
          }
        }
        outcomes[static_cast<size_t>(i)] = std::move(document);
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
    return outcomes;
  }

  std::vector<DocumentRow> rows_;
  std::unique_ptr<Pictures> pictures_;
  DataAccount account_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Dataset>> MakeFileDataset(std::vector<DocumentRow> rows,
                                                         std::unique_ptr<Pictures> pictures,
                                                         const DataConfig& config,
                                                         FileFindings findings) {
  auto dataset = std::make_unique<FileDataset>(std::move(rows), std::move(pictures));
  if (config.on_error == OnError::kSkip) {
    RETURN_IF_ERROR(dataset->DropBadRows(std::max<int64_t>(config.threads, 1), findings));
  }
  dataset->Count(std::move(findings));
  return dataset;
}

}  // namespace tessera
