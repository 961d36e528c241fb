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
    ASSIGN_OR_RETURN(Document document, dataset_->Get(index));
    std::erase_if(document.segments,
                  [](const Segment& segment) { return AsText(segment) != nullptr; });
    return document;
  }
  std::vector<std::string> Problems() const override { return dataset_->Problems(); }

 private:
  std::unique_ptr<Dataset> dataset_;
};

}  // namespace

std::unique_ptr<Dataset> PicturesAlone(std::unique_ptr<Dataset> dataset) {
  return std::make_unique<WithoutTexts>(std::move(dataset));
}

}  // namespace tessera
