#include "data/mixture.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tessera {
namespace {

class Mixture : public Dataset {
 public:
  explicit Mixture(std::vector<WeightedSet> sets) : sets_(std::move(sets)) {}

  int64_t size() const override {
    int64_t size = 0;
    for (const WeightedSet& set : sets_) {
      size += set.dataset->size();
    }
    return size;
  }

  absl::StatusOr<Document> Get(int64_t index) const override {
    const WeightedSet& set = Find(&index);
    return Named(set, set.dataset->Get(index));
  }
  absl::StatusOr<Document> Outline(int64_t index) const override {
    const WeightedSet& set = Find(&index);
    return Named(set, set.dataset->Outline(index));
  }
  absl::StatusOr<std::string> PictureFile(int64_t index, size_t segment) const override {
    const WeightedSet& set = Find(&index);
    return set.dataset->PictureFile(index, segment);
  }
  std::string Where(int64_t index) const override {
    const WeightedSet& set = Find(&index);
    return absl::StrCat(set.name, ": ", set.dataset->Where(index));
  }

  std::vector<MixedSet> Sets() const override {
    std::vector<MixedSet> sets;
    for (const WeightedSet& set : sets_) {
      sets.push_back({set.name, set.weight, set.dataset->size()});
    }
    return sets;
  }

  DataAccount Account() const override {
    DataAccount account{.decoded = true};
    for (const WeightedSet& set : sets_) {
      account.AddSet(set.name, set.weight, set.dataset->Account());
    }
    return account;
  }

 private:
  // The set of a document, whose index becomes that in the set. One past the end is the last set's
  // to refuse.
  const WeightedSet& Find(int64_t* index) const {
    auto set = sets_.begin();
    for (; set + 1 != sets_.end() && *index >= set->dataset->size(); ++set) {
      *index -= set->dataset->size();
    }
    return *set;
  }

  static absl::StatusOr<Document> Named(const WeightedSet& set, absl::StatusOr<Document> document) {
    return document.ok() ? std::move(document)
                         : absl::Status(document.status().code(),
                                        absl::StrCat(set.name, ": ", document.status().message()));
  }

  std::vector<WeightedSet> sets_;
};

}  // namespace

std::vector<std::string> NamesOfSets(const DataConfig& data) {
  std::vector<std::string> names;
  for (const MixConfig& set : data.mix) {
    names.push_back(set.name);
  }
  return names;
}

std::unique_ptr<Dataset> MakeMixture(std::vector<WeightedSet> sets) {
  return std::make_unique<Mixture>(std::move(sets));
}

}  // namespace tessera
