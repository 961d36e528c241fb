#include "analysis/measure/distances.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analysis/measure/distribution.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "ops/random.h"
#include "run/fitting_split.h"
#include "sequence/grids.h"
#include "sequence/permutation.h"

namespace tessera {
namespace {

constexpr int64_t kSubsets = 10, kNeighbours = 3, kFewest = 20;

// First pictures of documents and what stands before each.
struct Pictures {
  std::vector<Document> prompts;
  std::vector<Image> images;
};

// Documents of a data set in an order that mixes them, whatever theirs is.
class Mixed {
 public:
  Mixed(const Dataset& dataset, uint64_t seed) : dataset_(dataset), seed_(seed) {}

  // The next pictures of the grid, at most `count`; those of one call do not come again.
  absl::StatusOr<Pictures> Next(const LayoutSpec& layout, int64_t grid, int64_t count) {
    Pictures pictures;
    for (; next_ < dataset_.size() && std::ssize(pictures.images) < count; ++next_) {
      ASSIGN_OR_RETURN(const Document document,
                       dataset_.Get(Permute(next_, dataset_.size(), seed_)));
      const auto picture = std::ranges::find_if(
          document.segments, [](const Segment& segment) { return AsImage(segment) != nullptr; });
      if (picture == document.segments.end() ||
          NearestGrid(*AsImage(*picture), layout.grids) != grid) {
        continue;
      }
      pictures.images.push_back(
          FitToGrid(*AsImage(*picture), layout.grids[grid], layout.patch, layout.fit));
      pictures.prompts.push_back({{document.segments.begin(), picture}});
    }
    return pictures;
  }

 private:
  const Dataset& dataset_;
  uint64_t seed_;
  int64_t next_ = 0;
};

// other: as many true pictures again, or fewer if the data set has no more.
void Add(const FeatureNetwork& network, const std::vector<Image>& real,
         const std::vector<Image>& other, const std::vector<Image>& drawn, Metrics* metrics) {
  const Tensor real_NF = FeaturesOf(network, real), drawn_NF = FeaturesOf(network, drawn);
  const auto kid = [&](const Tensor& a_NF, const Tensor& b_NF) {
    return KernelInceptionDistance(a_NF, b_NF, kSubsets,
                                   MakeGenerator(torch::kCPU, 0, Stream::kEvaluate, 1));
  };
  const auto add = [&](const char* name, double value) {
    metrics->emplace_back(absl::StrCat(network.name, name), value);
  };
  const KernelDistance distance = kid(real_NF, drawn_NF);
  const PrecisionRecall found = MeasurePrecisionRecall(real_NF, drawn_NF, kNeighbours);
  add("_fid", FrechetDistance(real_NF, drawn_NF));
  add("_kid", distance.mean);
  add("_kid_error", distance.error);
  add("_precision", found.precision);
  add("_recall", found.recall);
  add("_pictures", static_cast<double>(drawn.size()));
  if (other.size() == real.size()) {
    const Tensor other_NF = FeaturesOf(network, other);
    add("_floor_fid", FrechetDistance(real_NF, other_NF));
    add("_floor_kid", kid(real_NF, other_NF).mean);
  }
}

}  // namespace

absl::StatusOr<Metrics> MeasureDistances(const Run& run, const std::shared_ptr<const Files>& files,
                                         const std::vector<FeatureNetwork>& networks,
                                         const EvaluateOptions& options) {
  ASSIGN_OR_RETURN(const auto test, OpenFittingPart(run, Split::kTest, files));
  const LayoutSpec& layout = run.layout;
  Pictures real, other;
  int64_t grid = 0;
  for (int64_t i = 0; i < std::ssize(layout.grids); ++i) {
    Mixed mixed(*test, options.seed);
    ASSIGN_OR_RETURN(Pictures found, mixed.Next(layout, i, options.count));
    if (found.images.size() > real.images.size()) {
      real = std::move(found);
      grid = i;
      ASSIGN_OR_RETURN(other, mixed.Next(layout, i, std::ssize(real.images)));
    }
  }
  const int64_t count = std::ssize(real.images);
  if (count < kFewest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "distances between sets of pictures need ", kFewest, " pictures of one grid, and ",
        "the test split has ", count, " under --count ", options.count));
  }
  const Drawn drawn = Draw(run, real.prompts, options, grid);
  Metrics metrics;
  for (const FeatureNetwork& network : networks) {
    Add(network, real.images, other.images, drawn.images, &metrics);
  }
  return metrics;
}

}  // namespace tessera
