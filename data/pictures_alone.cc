#include "data/pictures_alone.h"

#include <utility>

namespace tessera {
namespace {

class WithoutTexts : public Dataset {
 public:
  explicit WithoutTexts(std::unique_ptr<Dataset> dataset) : dataset_(std::move(dataset)) {}

  int64_t size() const override { return dataset_->size(); }
  absl::StatusOr<Document> Get(int64_t index) const override {
    return WithoutText(dataset_->Get(index));
  }
  absl::StatusOr<Document> Outline(int64_t index) const override {
    return WithoutText(dataset_->Outline(index));
  }
  std::string Where(int64_t index) const override { return dataset_->Where(index); }
  DataAccount Account() const override { return dataset_->Account(); }

 private:
  static absl::StatusOr<Document> WithoutText(absl::StatusOr<Document> document) {
    if (document.ok()) {
      std::erase_if(document->segments,
                    [](const Segment& segment) { return AsText(segment) != nullptr; });
    }
    return document;
  }

  std::unique_ptr<Dataset> dataset_;
};

}  // namespace

std::unique_ptr<Dataset> PicturesAlone(std::unique_ptr<Dataset> dataset) {
  return std::make_unique<WithoutTexts>(std::move(dataset));
}

}  // namespace tessera
