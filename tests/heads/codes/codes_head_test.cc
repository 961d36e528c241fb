// What is said of the head over codes alone; tests/heads/image_head_test.cc has what holds for all.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "heads/codes/patch_autoencoder.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kPatchDim = 2, kPatches = 512;
const std::vector<int64_t> kLevels = {3, 4};

at::Generator Rng(uint64_t item) { return MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item); }

std::shared_ptr<PatchAutoencoder> Autoencoder() {
  torch::manual_seed(3);
  const AutoencoderConfig shape{
      .kind = AutoencoderKind::kFsq, .width = 16, .depth = 1, .levels = kLevels};
  auto autoencoder = std::make_shared<PatchAutoencoder>(shape, kPatchDim);
  const torch::NoGradGuard no_grad;
  for (const auto& item : autoencoder->named_parameters()) {
    if (item.key().starts_with("decoder.output")) {  // else all codes would be the same patch
      Tensor(item.value()).normal_(0, .7);
    }
  }
  return autoencoder;
}

Tensor Patches() { return torch::randn({4 * kPatches, kPatchDim}, Rng(1)); }

// Those whose digits have an even sum, so that one tells of the other.
Tensor EvenPatches(PatchAutoencoder& autoencoder) {
  const Tensor x_ND = Patches();
  const Tensor even_N = autoencoder.CodesOf(x_ND).sum(1).remainder(2) == 0;
  return x_ND.index_select(0, even_N.nonzero().squeeze(1)).slice(0, 0, kPatches);
}

double EntropyOf(const Tensor& index_N) {
  const Tensor share = at::bincount(index_N).to(torch::kDouble) / double(index_N.size(0));
  return -at::special_xlogy(share, share).sum().item<double>();
}

// The loss of a head that was fitted to all patches under one condition.
double FittedLoss(CodeSoftmax softmax, const std::shared_ptr<PatchAutoencoder>& autoencoder) {
  torch::manual_seed(4);
  const auto head =
      MakeImageHead({.kind = HeadKind::kCodes, .width = 32, .depth = 1, .codes = {softmax}}, 1,
                    kPatchDim, autoencoder);
  torch::optim::Adam adam(head->parameters(), .01);
  const Tensor x_ND = EvenPatches(*autoencoder), z_NZ = torch::ones({x_ND.size(0), 1});
  double loss = 0;
  for (int step = 0; step < 300; ++step) {
    adam.zero_grad();
    const HeadLoss now = head->Loss(z_NZ, x_ND, Rng(2));
    now.mean.backward();
    adam.step();
    loss = now.mean.item<double>();
  }
  return loss;
}

TEST(CodesHead, JointlyAndDigitByDigitReachTheEntropyAndIndependentlyTheSumOfTwo) {
  const auto autoencoder = Autoencoder();
  const Tensor digit_NS = autoencoder->CodesOf(EvenPatches(*autoencoder));
  const double joint = EntropyOf(IndexOf(digit_NS, kLevels));
  const double apart = EntropyOf(digit_NS.select(1, 0)) + EntropyOf(digit_NS.select(1, 1));
  ASSERT_GT(apart - joint, .05);  // else the digits would not depend on each other
  EXPECT_NEAR(FittedLoss(CodeSoftmax::kJoint, autoencoder), joint, .01);
  EXPECT_NEAR(FittedLoss(CodeSoftmax::kAutoregressive, autoencoder), joint, .01);
  EXPECT_NEAR(FittedLoss(CodeSoftmax::kIndependent, autoencoder), apart, .01);
}

TEST(CodesHead, DrawsWhatTheAutoencoderMakesOfACode) {
  const auto autoencoder = Autoencoder();
  const Tensor all_KD = autoencoder->PatchesOf(DigitsOf(torch::arange(12), kLevels));
  for (size_t softmax = 0; softmax < EnumNames(CodeSoftmax{}).size(); ++softmax) {
    const auto head = MakeImageHead({.kind = HeadKind::kCodes,
                                     .width = 8,
                                     .depth = 1,
                                     .codes = {static_cast<CodeSoftmax>(softmax)}},
                                    1, kPatchDim, autoencoder);
    std::vector<at::Generator> rngs = {Rng(0), Rng(1), Rng(2), Rng(3)};
    const Tensor z_NZ = torch::ones({4, 1});
    const Tensor x_ND = head->Sample({{{z_NZ, z_NZ}}}, SamplerConfig(), rngs);
    const Tensor nearest_N = (x_ND.unsqueeze(1) - all_KD).abs().amax(2).amin(1);
    EXPECT_LT(nearest_N.max().item<double>(), 1e-6) << softmax;
  }
}

TEST(PatchAutoencoder, ChangesItsCodebookWhereAGradientIsAskedForAlone) {
  torch::manual_seed(5);
  PatchAutoencoder autoencoder({.kind = AutoencoderKind::kVq, .width = 8, .depth = 1, .codes = 6},
                               kPatchDim);
  const auto buffers = [&] {
    std::vector<Tensor> copies;
    for (const Tensor& buffer : autoencoder.buffers()) {
      copies.push_back(buffer.clone().flatten());
    }
    return at::cat(copies);
  };
  const Tensor before = buffers();
  {
    const torch::NoGradGuard no_grad;
    autoencoder.Loss(Patches());
    autoencoder.EndStep(Rng(0));
  }
  autoencoder.Reconstruct(Patches());
  autoencoder.eval();
  autoencoder.Loss(Patches());
  autoencoder.EndStep(Rng(0));
  EXPECT_TRUE(torch::equal(buffers(), before));
  autoencoder.train();
  autoencoder.Loss(Patches());
  autoencoder.EndStep(Rng(0));
  EXPECT_FALSE(torch::equal(buffers(), before));
}

TEST(PatchAutoencoder, ReconstructsWhatItsCodesStandFor) {
  const auto autoencoder = Autoencoder();
  const Tensor x_ND = Patches();
  EXPECT_TRUE(torch::allclose(autoencoder->Reconstruct(x_ND),
                              autoencoder->PatchesOf(autoencoder->CodesOf(x_ND)), 0, 1e-5));
  EXPECT_DOUBLE_EQ(autoencoder->bits(), std::log2(12));
}

}  // namespace
}  // namespace tessera
