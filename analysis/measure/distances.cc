#include "analysis/measure/distances.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "analysis/measure/copies.h"
#include "analysis/measure/distribution.h"
#include "analysis/measure/seams.h"
#include "analysis/measure/statistics.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "ops/random.h"
#include "run/fitting_split.h"
#include "sequence/grids.h"
#include "sequence/permutation.h"

namespace tessera {
namespace {

constexpr int64_t kSubsets = 10, kNeighbours = 3, kFewest = 20, kMostTraining = 20'000;

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

// Features of three sets of pictures. other: as many true pictures again, or fewer if the data set
// has no more; undefined without any.
struct FeatureSets {
  Tensor real_NF, other_MF, drawn_NF;
};

void Add(const std::string& network, const FeatureSets& sets, Metrics* metrics) {
  const Tensor &real_NF = sets.real_NF, &drawn_NF = sets.drawn_NF;
  const auto kid = [&](const Tensor& a_NF, const Tensor& b_NF) {
    return KernelInceptionDistance(a_NF, b_NF, kSubsets,
                                   MakeGenerator(torch::kCPU, 0, Stream::kEvaluate, 1));
  };
  const auto add = [&](const char* name, double value) {
    metrics->emplace_back(absl::StrCat(network, name), value);
  };
  const KernelDistance distance = kid(real_NF, drawn_NF);
  const PrecisionRecall found = MeasurePrecisionRecall(real_NF, drawn_NF, kNeighbours);
  const Gaussian real = GaussianOf(real_NF);
  add("_fid", FrechetDistance(real, GaussianOf(drawn_NF)));
  add("_fid_error",
      FrechetError(real, drawn_NF, MakeGenerator(torch::kCPU, 0, Stream::kEvaluate, 2)));
  add("_kid", distance.mean);
  add("_kid_error", distance.error);
  add("_precision", found.precision);
  add("_recall", found.recall);
  add("_pictures", static_cast<double>(drawn_NF.size(0)));
  if (sets.other_MF.defined() && sets.other_MF.size(0) == real_NF.size(0)) {
    add("_floor_fid", FrechetDistance(real_NF, sets.other_MF));
    add("_floor_kid", kid(real_NF, sets.other_MF).mean);
  }
}

// The class of each caption; that of one that names none is the number of classes, which no picture
// has.
Tensor ClassOf(const std::vector<Document>& captions, const std::vector<std::string>& classes) {
  std::vector<int64_t> class_N;
  for (const Document& document : captions) {
    const std::string* caption =
        document.segments.empty() ? nullptr : AsText(document.segments.back());
    class_N.push_back(caption == nullptr ? std::ssize(classes)
                                         : std::ranges::find(classes, *caption) - classes.begin());
  }
  return at::tensor(class_N);
}

void AddClasses(const FeatureNetwork& network, const Pictures& real,
                const std::vector<Image>& drawn, Metrics* metrics) {
  const auto add = [&](const std::string& name, double value) {
    metrics->emplace_back(absl::StrCat(network.name, name), value);
  };
  const auto mean = [](const Tensor& is_N) {
    return is_N.to(torch::kDouble).mean().item<double>();
  };
  const Tensor class_N = ClassOf(real.prompts, network.classes);
  const Tensor logits_NK = LogitsOf(network, drawn);
  const Tensor right_N = logits_NK.argmax(1) == class_N;
  add("_inception_score", InceptionScore(logits_NK));
  add("_true_recognised", mean(LogitsOf(network, real.images).argmax(1) == class_N));
  add("_recognised", mean(right_N));
  for (size_t i = 0; i < network.classes.size(); ++i) {
    const Tensor of_class_N = class_N == static_cast<int64_t>(i);
    if (of_class_N.any().item<bool>()) {
      add("_recognised_" + network.classes[i], mean(right_N.masked_select(of_class_N)));
    }
  }
}

// Adds what is measured without a network. training: pictures that the run has learnt from.
void AddPixels(const std::vector<Image>& real, const std::vector<Image>& drawn,
               const std::vector<Image>& training, int64_t patch, Metrics* metrics) {
  if (patch > 1) {
    metrics->emplace_back("seams", SeamRatio(drawn, patch));
    metrics->emplace_back("true_seams", SeamRatio(real, patch));
  }
  if (!training.empty()) {
    metrics->emplace_back("copies", ShareOfCopies(drawn, real, training));
  }
}

absl::StatusOr<Pictures> TrainingPictures(const Run& run, int64_t grid,
                                          const std::shared_ptr<const Files>& files) {
  ASSIGN_OR_RETURN(const auto training, OpenFittingPart(run, Split::kTrain, files));
  return Mixed(*training, 0).Next(run.layout, grid, kMostTraining);
}

// True pictures of the grid of which there are most, and as many again if there are.
struct TruePictures {
  Pictures real, other;
  int64_t grid = 0;
};

absl::StatusOr<TruePictures> FindTrue(const Dataset& test, const LayoutSpec& layout,
                                      const EvaluateOptions& options) {
  TruePictures most;
  for (int64_t i = 0; i < std::ssize(layout.grids); ++i) {
    Mixed mixed(test, options.seed);
    ASSIGN_OR_RETURN(Pictures found, mixed.Next(layout, i, options.count));
    if (found.images.size() > most.real.images.size()) {
      ASSIGN_OR_RETURN(Pictures other, mixed.Next(layout, i, std::ssize(found.images)));
      most = {std::move(found), std::move(other), i};
    }
  }
  const int64_t count = std::ssize(most.real.images);
  if (count < kFewest) {
    return absl::FailedPreconditionError(absl::StrCat(
        "distances between sets of pictures need ", kFewest, " pictures of one grid, and ",
        "the test split has ", count, " under --count ", options.count));
  }
  return most;
}

// Reads the statistics of other pictures, if any are asked for, which must be of the network's
// features.
absl::StatusOr<std::optional<Gaussian>> Reference(const FeatureNetwork& network,
                                                  const Image& picture, const std::string& path,
                                                  const Files& files) {
  if (path.empty()) {
    return std::optional<Gaussian>();
  }
  ASSIGN_OR_RETURN(Gaussian reference, ReadStatistics(path, files));
  const int64_t features = FeaturesOf(network, {picture}).size(1);
  if (reference.mean_F.numel() != features) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' describes ", reference.mean_F.numel(), " features, and ",
                     network.name, " has ", features, "; name statistics under that network"));
  }
  return reference;
}

absl::Status WriteBoth(const std::string& path, const FeatureSets& sets, const Files& files) {
  RETURN_IF_ERROR(files.MakeFolder(path.substr(0, path.rfind('/'))));
  RETURN_IF_ERROR(WriteStatistics(GaussianOf(sets.real_NF), path + "_true.npz", files));
  return WriteStatistics(GaussianOf(sets.drawn_NF), path + "_drawn.npz", files);
}

}  // namespace

absl::StatusOr<Metrics> MeasureDistances(const Run& run, const std::shared_ptr<const Files>& files,
                                         const std::vector<FeatureNetwork>& networks,
                                         const EvaluateOptions& options,
                                         const StatisticsFiles& statistics) {
  ASSIGN_OR_RETURN(const auto test, OpenFittingPart(run, Split::kTest, files));
  ASSIGN_OR_RETURN(const TruePictures pictures, FindTrue(*test, run.layout, options));
  const std::vector<Image>& real = pictures.real.images;
  ASSIGN_OR_RETURN(const std::optional<Gaussian> reference,
                   Reference(networks.back(), real.front(), statistics.against, *files));
  const Drawn drawn = Draw(run, pictures.real.prompts, options, pictures.grid);
  Metrics metrics;
  FeatureSets sets;
  for (const FeatureNetwork& network : networks) {
    sets = {FeaturesOf(network, real), {}, FeaturesOf(network, drawn.images)};
    if (!pictures.other.images.empty()) {
      sets.other_MF = FeaturesOf(network, pictures.other.images);
    }
    Add(network.name, sets, &metrics);
    if (network.logits) {
      AddClasses(network, pictures.real, drawn.images, &metrics);
    }
  }
  ASSIGN_OR_RETURN(const Pictures training, TrainingPictures(run, pictures.grid, files));
  AddPixels(real, drawn.images, training.images, run.layout.patch, &metrics);
  if (reference) {
    metrics.emplace_back(networks.back().name + "_against_fid",
                         FrechetDistance(*reference, GaussianOf(sets.drawn_NF)));
  }
  if (!statistics.folder.empty()) {
    RETURN_IF_ERROR(WriteBoth(JoinPath(statistics.folder, networks.back().name), sets, *files));
  }
  return metrics;
}

}  // namespace tessera
