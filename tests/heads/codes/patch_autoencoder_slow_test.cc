// FSQ against vector quantisation at about 1000 codes, on patches of real pictures: what the paper
// reports of ImageNet, in a minute.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <cstdio>

#include "data/make_dataset.h"
#include "heads/codes/patch_autoencoder.h"
#include "ops/random.h"
#include "sequence/patches.h"

namespace tessera {
namespace {

constexpr int64_t kPatch = 4, kSteps = 600, kBatch = 1024;

// [patches, 3 * 4 * 4] of the sprites, 32 pixels a side.
Tensor PatchesOf(Split split) {
  DataConfig config;
  config.kind = DataKind::kImageFolder;
  config.path = TESSERA_SOURCE_DIR "/assets/sprites.tar";
  const auto dataset = MakeDataset(config, split, 32, 32, std::make_shared<const Files>());
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  std::vector<Tensor> patches;
  for (int64_t i = 0; i < (*dataset)->size(); ++i) {
    const auto document = (*dataset)->Get(i);
    for (const Segment& segment : document->segments) {
      if (const Image* image = AsImage(segment)) {
        patches.push_back(Patchify(*image, kPatch));
      }
    }
  }
  return at::cat(patches);
}

struct Outcome {
  double usage, psnr;
};

Outcome Train(const char* name, AutoencoderConfig config) {
  static const Tensor train_ND = PatchesOf(Split::kTrain), test_ND = PatchesOf(Split::kTest);
  config.width = 64;
  torch::manual_seed(1);
  PatchAutoencoder autoencoder(config, train_ND.size(1));
  torch::optim::Adam adam(autoencoder.parameters(), 2e-3);
  for (int64_t step = 0; step < kSteps; ++step) {
    const auto rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, step);
    const Tensor pick_N = at::randint(train_ND.size(0), {kBatch}, rng, torch::kLong);
    adam.zero_grad();
    autoencoder.Loss(train_ND.index_select(0, pick_N)).mean.backward();
    autoencoder.EndStep(rng);
    adam.step();
  }
  const double error = (autoencoder.Reconstruct(test_ND) - test_ND).square().mean().item<double>();
  const Tensor code_N = IndexOf(autoencoder.CodesOf(test_ND), autoencoder.radices());
  const Tensor count_K = at::bincount(code_N, {}, NumCodes(autoencoder.radices()));
  const Outcome outcome{(count_K > 0).to(torch::kDouble).mean().item<double>(),
                        10 * std::log10(4 / error)};
  std::printf("%-12s usage %.3f psnr %.2f\n", name, outcome.usage, outcome.psnr);
  return outcome;
}

// Codes of 32 numbers and the commitment of each rule as published. The gap is smaller with codes
// of 4 numbers, the default (docs/results.md).
TEST(PatchAutoencoder, FsqUsesMoreCodesThanAPlainCodebookAndRestartsNarrowTheGap) {
  AutoencoderConfig vq{.kind = AutoencoderKind::kVq, .dim = 32, .commitment = 1, .restart = 0};
  const Outcome fsq = Train("fsq", {.kind = AutoencoderKind::kFsq});
  const Outcome ema = Train("vq ema", vq);
  vq.restart = .02;
  const Outcome restarted = Train("vq restart", vq);
  vq.codebook = Codebook::kGradient;
  vq.commitment = .25;
  vq.restart = 0;
  const Outcome gradient = Train("vq gradient", vq);
  EXPECT_GT(fsq.usage, 4 * gradient.usage);
  EXPECT_GT(fsq.usage, 4 * ema.usage);
  EXPECT_GT(fsq.psnr, gradient.psnr + 2);
  EXPECT_GT(fsq.psnr, ema.psnr + 1);
  EXPECT_GT(restarted.usage, 4 * ema.usage);
  EXPECT_GT(restarted.psnr, ema.psnr + .3);
}

}  // namespace
}  // namespace tessera
