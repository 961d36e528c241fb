// N = patches, D = numbers a patch, S = digits of a patch, M = vectors, K = codes.
#include "analysis/measure/reconstructions.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "config/status.h"
#include "ops/pixels.h"
#include "sequence/patches.h"

namespace tessera {
namespace {

// Pictures as the model reads them, from documents that are evenly spread.
absl::StatusOr<std::vector<Sequence>> SequencesOf(const Run& run, const Dataset& dataset,
                                                  int64_t documents) {
  std::vector<Sequence> sequences;
  documents = std::min(documents, dataset.size());
  for (int64_t i = 0; i < documents; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i * dataset.size() / documents));
    sequences.push_back(Layout(document, run.layout, run.tokenizer));
  }
  return sequences;
}

Tensor PatchesOf(const Run& run, const Picture& picture) {
  return Patchify(picture.image, run.layout.patch).to(run.learner->device());
}

struct Sums {
  double error = 0, numbers = 0;
  double pictures = 0, patches = 0;
  double returned = 0, digits = 0;
  Tensor count_K;
};

// Which code each vector has, as one number.
Tensor IndicesOf(const Tensor& code_NS, const std::vector<int64_t>& radices) {
  return IndexOf(code_NS.reshape({-1, std::ssize(radices)}), radices);
}

void AddPicture(PatchAutoencoder& autoencoder, const Tensor& x_ND, Sums* sums) {
  const Tensor back_ND = NearestPixels(autoencoder.Reconstruct(x_ND));
  sums->error += (back_ND - x_ND).to(torch::kDouble).square().sum().item<double>();
  sums->numbers += static_cast<double>(x_ND.numel());
  sums->patches += static_cast<double>(x_ND.size(0));
  ++sums->pictures;
  const std::vector<int64_t>& radices = autoencoder.radices();
  if (!radices.empty()) {
    const Tensor code_M = IndicesOf(autoencoder.CodesOf(x_ND), radices);
    const Tensor again_M = IndicesOf(autoencoder.CodesOf(back_ND), radices);
    sums->returned += (code_M == again_M).sum().item<double>();
    sums->digits += static_cast<double>(code_M.numel());
    sums->count_K += at::bincount(code_M.to(torch::kCPU), {}, NumCodes(radices));
  }
}

void AddCodes(const PatchAutoencoder& autoencoder, const Sums& sums, Metrics* metrics) {
  const Tensor share_K = sums.count_K / sums.count_K.sum();
  const double bits = -at::special_xlogy(share_K, share_K).sum().item<double>() / std::log(2.);
  const double patches = sums.patches / sums.pictures;
  metrics->insert(
      metrics->end(),
      {{"code_usage", (share_K > 0).to(torch::kDouble).mean().item<double>()},
       {"code_bits", bits},
       {"code_perplexity", std::exp2(bits)},
       {"codes_returned", sums.returned / sums.digits},
       {"bits_per_picture", patches * autoencoder.bits()},
       {"code_bits_per_picture", patches * static_cast<double>(autoencoder.vectors()) * bits},
       {"raw_bits_per_picture", 8 * sums.numbers / sums.pictures}});
}

}  // namespace

absl::StatusOr<Metrics> MeasureReconstructions(const Run& run, const Dataset& dataset,
                                               const EvaluateOptions& options) {
  const torch::NoGradGuard no_grad;
  PatchAutoencoder& autoencoder = *run.autoencoder;
  Sums sums;
  sums.count_K = at::zeros({NumCodes(autoencoder.radices())}, torch::kDouble);
  ASSIGN_OR_RETURN(const std::vector<Sequence> sequences, SequencesOf(run, dataset, options.count));
  for (const Sequence& sequence : sequences) {
    for (const Picture& picture : sequence.pictures) {
      AddPicture(autoencoder, PatchesOf(run, picture), &sums);
    }
  }
  const double error = sums.error / sums.numbers;
  Metrics metrics = {{"pictures", sums.pictures},
                     {"reconstruction_error", error},
                     {"psnr", 10 * std::log10(4 / error)}};
  if (!autoencoder.radices().empty() && sums.pictures > 0) {
    AddCodes(autoencoder, sums, &metrics);
  }
  return metrics;
}

absl::StatusOr<std::vector<Image>> Reconstructions(const Run& run, const Dataset& dataset,
                                                   int64_t pictures) {
  ASSIGN_OR_RETURN(const std::vector<Sequence> sequences, SequencesOf(run, dataset, pictures));
  std::vector<Image> images;
  for (const Sequence& sequence : sequences) {
    for (const Picture& picture : sequence.pictures) {
      images.push_back(picture.image);
      images.push_back(Unpatchify(run.autoencoder->Reconstruct(PatchesOf(run, picture)),
                                  picture.grid, run.layout.patch));
    }
  }
  images.resize(std::min(std::ssize(images), 2 * pictures));
  return images;
}

}  // namespace tessera
