#include "data/pictures_alone.h"

#include <utility>

#include "config/status.h"

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
  std::vector<MixedSet> Sets() const override { return dataset_->Sets(); }
  DataAccount Account() const override { return dataset_->Account(); }

 private:
  static absl::StatusOr<Document> WithoutText(absl::StatusOr<Document> document) {
    RETURN_IF_ERROR(document.status());
    Document pictures;
    for (size_t i = 0; i < document->segments.size(); ++i) {
      if (AsImage(document->segments[i]) == nullptr) {
        continue;
      }
      if (document->unscored.contains(i)) {
        pictures.unscored.insert(pictures.segments.size());
      }
      pictures.segments.push_back(std::move(document->segments[i]));
    }
    return pictures;
  }

  std::unique_ptr<Dataset> dataset_;
};

}  // namespace

std::unique_ptr<Dataset> PicturesAlone(std::unique_ptr<Dataset> dataset) {
  return std::make_unique<WithoutTexts>(std::move(dataset));
}

}  // namespace tessera
