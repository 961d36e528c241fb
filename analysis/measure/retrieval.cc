#include "analysis/measure/retrieval.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "data/image/image_io.h"
#include "sequence/grids.h"

namespace tessera {
namespace {

constexpr int64_t kGallery = 200;

// Some of the pictures whose caption no other has, at equal distances: a shared caption does not
// ask for one picture.
std::vector<CaptionedPicture> Gallery(const std::vector<CaptionedPicture>& pictures) {
  std::map<std::string, int64_t> uses;
  for (const CaptionedPicture& picture : pictures) {
    ++uses[picture.caption];
  }
  std::vector<CaptionedPicture> own;
  std::ranges::copy_if(pictures, std::back_inserter(own),
                       [&](const CaptionedPicture& picture) { return uses[picture.caption] == 1; });
  const int64_t size = std::ssize(own), count = std::min(size, kGallery);
  std::vector<CaptionedPicture> gallery;
  for (int64_t i = 0; i < count; ++i) {
    gallery.push_back(own[i * size / count]);
  }
  return gallery;
}

// The pictures, `count` of the gallery, that are drawn in one grid, and their captions.
struct GridPart {
  std::vector<int64_t> index;
  std::vector<Document> captions;
};

GridPart PartOf(const std::vector<CaptionedPicture>& gallery, int64_t count, int64_t grid,
                const LayoutSpec& layout) {
  GridPart part;
  const int64_t size = std::ssize(gallery);
  count = std::min(count, size);
  for (int64_t turn = 0; turn < count; ++turn) {
    const int64_t i = turn * size / count;
    if (NearestGrid(gallery[i].picture, layout.grids) == grid) {
      part.index.push_back(i);
      part.captions.push_back({{gallery[i].caption}});
    }
  }
  return part;
}

}  // namespace

int64_t CountRetrieved(const std::vector<Image>& drawn, const std::vector<int64_t>& own,
                       const std::vector<CaptionedPicture>& gallery, Fit fit) {
  std::vector<torch::Tensor> fitted;
  for (const CaptionedPicture& picture : gallery) {
    const Image& first = drawn.front();
    fitted.push_back(ImageTensor(FitTo(picture.picture, first.height, first.width, fit)));
  }
  const torch::Tensor gallery_GCHW = at::stack(fitted);
  int64_t retrieved = 0;
  for (size_t i = 0; i < drawn.size(); ++i) {
    const torch::Tensor difference_GCHW = gallery_GCHW - ImageTensor(drawn[i]);
    const torch::Tensor distance_G = difference_GCHW.square().flatten(1).mean(1);
    retrieved += distance_G.argmin().item<int64_t>() == own[i];
  }
  return retrieved;
}

RetrievalScore EvaluateRetrieval(const Run& run, const std::vector<CaptionedPicture>& training,
                                 const EvaluateOptions& options) {
  const std::vector<CaptionedPicture> gallery = Gallery(training);
  RetrievalScore score{.gallery = std::ssize(gallery)};
  double seconds = 0, count = 0;
  for (int64_t grid = 0; grid < std::ssize(run.layout.grids); ++grid) {
    const GridPart part = PartOf(gallery, options.count, grid, run.layout);
    if (part.index.empty()) {
      continue;
    }
    const Drawn drawn = Draw(run, part.captions, options, grid);
    score.retrieved += CountRetrieved(drawn.images, part.index, gallery, run.layout.fit);
    seconds += drawn.seconds;
    count += static_cast<double>(drawn.images.size());
  }
  if (count > 0) {
    score.retrieved /= count;
    score.seconds_per_picture = seconds / count;
  }
  return score;
}

double ShareOfExactCaptions(const Run& run, const std::vector<CaptionedPicture>& pictures,
                            const EvaluateOptions& options) {
  std::vector<Document> prompts;
  for (const CaptionedPicture& picture : pictures) {
    prompts.push_back({{picture.picture}});
  }
  const std::vector<Document> written = ContinueAll(run, prompts, Until::kText, options);
  double exact = 0;
  for (size_t i = 0; i < pictures.size(); ++i) {
    const std::string* text = AsText(written[i].segments.back());
    exact += text != nullptr && *text == pictures[i].caption;
  }
  return exact / static_cast<double>(pictures.size());
}

}  // namespace tessera
