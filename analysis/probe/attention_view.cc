#include "analysis/probe/attention_view.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "analysis/page/markup.h"
#include "data/image/image_io.h"
#include "sequence/packer.h"
#include "sequence/patch_order.h"

namespace tessera {
namespace {

constexpr std::array kHot = {213., 94., 0.};  // the red of the plots
constexpr double kLeastHeat = .1, kMostHeat = .85, kPaler = .75;
constexpr int64_t kMargin = 2, kSide = 64;  // pixels

const Picture& FirstPicture(const AttentionView& view) { return view.sequence.pictures.front(); }

// Where each head of the layer looks from the slot, [H, S].
Tensor WeightsOf(const AttentionView& view, size_t layer, int64_t slot) {
  return view.weight_HTS[layer].select(1, slot);
}

double At(const Tensor& weight_S, int64_t slot) { return weight_S[slot].item<double>(); }

Image PictureOfHead(const AttentionView& view, const Tensor& weight_S, int64_t slot) {
  const Picture& picture = FirstPicture(view);
  const auto cells = static_cast<size_t>(picture.grid.size());
  std::vector<double> weight(cells);
  std::vector<bool> seen(cells);
  for (size_t turn = 0; turn < cells; ++turn) {
    const auto cell = static_cast<size_t>(view.cells[turn]);
    const int64_t at = picture.first_slot + static_cast<int64_t>(turn);
    weight[cell] = At(weight_S, at);
    seen[cell] = at <= slot || weight[cell] > 0;
  }
  return HeatPicture(picture.image, picture.grid, weight, seen);
}

// The document's texts, each token the redder the larger its weight is beside `most`.
std::string TextMarkup(const AttentionView& view, const Run& run, const Tensor& weight_S,
                       double most) {
  if (most == 0) {
    return "";  // the slot sees none of them
  }
  std::string markup;
  for (int64_t slot = 0; slot < view.sequence.size(); ++slot) {
    const int64_t id = view.sequence.ids[static_cast<size_t>(slot)];
    if (id < run.layout.vocabulary.text_size()) {
      absl::StrAppendFormat(
          &markup,
          "<span style=\"background: rgba(213,94,0,%.2f); print-color-adjust: exact; "
          "padding: 0 .15em\">%s</span>",
          kMostHeat * At(weight_S, slot) / most, EscapeMarkup(run.tokenizer.Decode({id})));
    }
  }
  return markup.empty() ? "" : absl::StrCat("<p>", markup, "</p>");
}

double MostOnText(const AttentionView& view, const Run& run, const Tensor& weight_S) {
  double most = 0;
  for (int64_t slot = 0; slot < view.sequence.size(); ++slot) {
    if (view.sequence.ids[static_cast<size_t>(slot)] < run.layout.vocabulary.text_size()) {
      most = std::max(most, At(weight_S, slot));
    }
  }
  return most;
}

}  // namespace

AttentionView LookAt(const Run& run, const Document& document) {
  const torch::NoGradGuard no_grad;
  AttentionView view{.document = document, .sequence = Layout(document, run.layout, run.tokenizer)};
  TORCH_CHECK(!view.sequence.pictures.empty(), "a document without pictures cannot be shown");
  const Batch batch = PackRows({view.sequence}, {{0}}, run.layout.patch);
  Trace trace;
  run.model->Hidden(batch.To(run.model->device()), {}, {.trace = &trace});
  for (const Tensor& weight_BHTS : trace.attention_BHTS) {
    view.weight_HTS.push_back(weight_BHTS[0].to(torch::kCPU, torch::kFloat32));
  }
  const Picture& picture = FirstPicture(view);
  view.cells = CellsInOrder(run.layout.arrangement.order, picture.grid, picture.order_key);
  return view;
}

std::vector<Looker> LookersOf(const AttentionView& view) {
  const Picture& picture = FirstPicture(view);
  const int64_t patches = picture.grid.size();
  const int64_t end = picture.first_slot + patches, left = view.sequence.size() - end;
  std::vector<Looker> lookers;
  lookers.push_back(
      {"what predicts the middle patch", PredictorSlot(view.sequence, picture, patches / 2)});
  lookers.push_back(
      {"what predicts the last patch", PredictorSlot(view.sequence, picture, patches - 1)});
  if (left > 2) {  // <end-image>, a text, <end-doc>
    lookers.push_back({"the end of the picture", end});
    lookers.push_back({"the middle of the text behind it", end + left / 2});
  }
  return lookers;
}

AttentionShares SharesOf(const AttentionView& view, const Run& run, size_t layer, int64_t slot) {
  const Tensor weight_S = WeightsOf(view, layer, slot).mean(0);
  const Vocabulary& vocabulary = run.layout.vocabulary;
  AttentionShares shares;
  for (int64_t s = 0; s < view.sequence.size(); ++s) {
    const int64_t id = view.sequence.ids[static_cast<size_t>(s)];
    double& share = s == slot                     ? shares.itself
                    : id < vocabulary.text_size() ? shares.text
                    : id == vocabulary.patch()    ? shares.patches
                                                  : shares.others;
    share += At(weight_S, s);
  }
  return shares;
}

Image HeatPicture(const Image& picture, PatchGrid grid, const std::vector<double>& weight_by_cell,
                  const std::vector<bool>& seen_by_cell) {
  const double most = std::ranges::max(weight_by_cell);
  const int64_t rows = picture.height / grid.rows, cols = picture.width / grid.cols;
  Image heat = picture;
  for (int64_t pixel = 0; pixel < picture.height * picture.width; ++pixel) {
    const int64_t row = pixel / picture.width / rows, col = pixel % picture.width / cols;
    const auto cell = static_cast<size_t>(row * grid.cols + col);
    const uint8_t* rgb = &picture.rgb[static_cast<size_t>(3 * pixel)];
    const double luma = .299 * rgb[0] + .587 * rgb[1] + .114 * rgb[2];
    const double grey = seen_by_cell[cell] ? luma : std::lerp(luma, 255, kPaler);
    const double share = most > 0 ? weight_by_cell[cell] / most : 0;
    const double hot = share > 0 ? std::lerp(kLeastHeat, kMostHeat, share) : 0;
    for (size_t channel = 0; channel < 3; ++channel) {
      heat.rgb[static_cast<size_t>(3 * pixel) + channel] =
          static_cast<uint8_t>(std::lround(std::lerp(grey, kHot[channel], hot)));
    }
  }
  return heat;
}

std::vector<Figure> AttentionFigures(const AttentionView& view, const Run& run,
                                     const Looker& looker) {
  const Image& image = FirstPicture(view).image;
  const int64_t scale = std::max<int64_t>(1, kSide / image.width);
  std::vector<Figure> figures = {
      PngFigure(EncodePng(ContactSheet({image}, 1, kMargin, scale)), "the picture")};
  for (size_t layer = 0; layer < view.weight_HTS.size(); ++layer) {
    const Tensor weight_HS = WeightsOf(view, layer, looker.slot);
    std::vector<Image> heads;
    for (const Tensor& weight_S : weight_HS.unbind()) {
      heads.push_back(PictureOfHead(view, weight_S, looker.slot));
    }
    const auto columns = static_cast<int64_t>(std::ceil(std::sqrt(heads.size())));
    Figure figure = PngFigure(EncodePng(ContactSheet(heads, columns, kMargin, scale)),
                              absl::StrCat("layer ", layer + 1));
    const Tensor mean_S = weight_HS.mean(0);
    figure.markup += TextMarkup(view, run, mean_S, MostOnText(view, run, mean_S));
    const AttentionShares shares = SharesOf(view, run, layer, looker.slot);
    absl::StrAppendFormat(&figure.caption,
                          ": text %.0f\u00a0%%, patches %.0f\u00a0%%, itself %.0f\u00a0%%",
                          100 * shares.text, 100 * shares.patches, 100 * shares.itself);
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace tessera
