#include "data/dataset_part.h"

#include <algorithm>
#include <utility>

namespace tessera {
namespace {

class Part : public Dataset {
 public:
  Part(std::shared_ptr<const Dataset> whole, std::vector<int64_t> indices)
      : whole_(std::move(whole)), indices_(std::move(indices)), sets_(whole_->Sets()) {
    int64_t end = 0;
    for (MixedSet& set : sets_) {
      const int64_t first = end;
      end += set.size;
      set.size = std::ranges::count_if(indices_, [&](int64_t i) { return i >= first && i < end; });
    }
  }

  int64_t size() const override { return std::ssize(indices_); }
  absl::StatusOr<Document> Get(int64_t index) const override { return whole_->Get(At(index)); }
  absl::StatusOr<Document> Outline(int64_t index) const override {
    return whole_->Outline(At(index));
  }
  absl::StatusOr<std::string> PictureFile(int64_t index, size_t segment) const override {
    return whole_->PictureFile(At(index), segment);
  }
  std::string Where(int64_t index) const override { return whole_->Where(At(index)); }
  DataAccount Account() const override { return whole_->Account(); }
  std::vector<MixedSet> Sets() const override { return sets_; }

 private:
  int64_t At(int64_t index) const { return indices_.at(static_cast<size_t>(index)); }

  std::shared_ptr<const Dataset> whole_;
  std::vector<int64_t> indices_;
  std::vector<MixedSet> sets_;
};

}  // namespace

std::shared_ptr<const Dataset> Without(std::shared_ptr<const Dataset> dataset,
                                       const std::vector<int64_t>& left_out) {
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < dataset->size(); ++i) {
    if (!std::ranges::binary_search(left_out, i)) {
      kept.push_back(i);
    }
  }
  return std::make_shared<Part>(std::move(dataset), std::move(kept));
}

}  // namespace tessera
