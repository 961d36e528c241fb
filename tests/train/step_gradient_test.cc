#include "train/step_gradient.h"

#include <gtest/gtest.h>

#include "ops/random.h"
#include "tests/model/toy_batch.h"
#include "tests/train/alone.h"

namespace tessera {
namespace {

// Two batches of different counts: 2 and 6 documents, of the latter fewer patches scored.
StepInput TwoBatches() {
  StepInput input{{ToyBatch(1, 2), ToyBatch(2, 3, /*noise=*/.1, /*seed=*/5)}, 7, 3};
  input.batches[1].scored_P.narrow(0, 0, 10).fill_(false);
  input.batches[1].weight_BT.mul_(.5);
  return input;
}

TrainConfig FullPrecision() {
  TrainConfig config;
  config.precision = Precision::kF32;
  config.text_weight = .3;
  config.image_weight = 2;
  return config;
}

std::vector<Tensor> GradientsOf(const Model& model) {
  std::vector<Tensor> gradients;
  for (const Tensor& parameter : model.parameters()) {
    gradients.push_back(parameter.grad().defined() ? parameter.grad().clone()
                                                   : torch::zeros_like(parameter));
    parameter.mutable_grad() = Tensor();
  }
  return gradients;
}

TEST(AddGradient, DividesEachLossByItsCountInTheWholeStep) {
  const auto model = ToyModel();
  const StepInput input = TwoBatches();
  const TrainConfig config = FullPrecision();
  const StepLoss loss = AddGradientAlone(*model, input, config);
  const std::vector<Tensor> gradients = GradientsOf(*model);

  Tensor text = torch::zeros({}), image = torch::zeros({});
  double texts = 0, patches = 0;
  for (size_t i = 0; i < 2; ++i) {
    const Batch& batch = input.batches[i];
    const auto rng = [&] { return MakeGenerator(torch::kCPU, 7, Stream::kLoss, 3, i); };
    text = text + model->Loss(batch, {1, 0}, rng()).total;
    image = image + model->Loss(batch, {0, 1}, rng()).total;
    texts += (batch.weight_BT * (batch.target_BT >= 0)).sum().item<double>();
    patches += batch.scored_P.sum().item<double>();
  }
  EXPECT_EQ(patches, 8 + 14);
  (text * (.3 / texts) + image * (2 / patches)).backward();
  const std::vector<Tensor> expected = GradientsOf(*model);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(torch::allclose(gradients[i], expected[i], 1e-4, 1e-6)) << i;
  }
  EXPECT_NEAR(loss.text, text.item<double>() / texts, 1e-5);
  EXPECT_NEAR(loss.image, image.item<double>() / patches, 1e-5);
}

TEST(AddGradient, TellsTheNormOfEachLossesGradientAtTheHiddenStatesItReads) {
  const auto model = ToyModel();
  const StepInput input = TwoBatches();
  const auto measured = [&](double text_weight, double image_weight) {
    TrainConfig config = FullPrecision();
    config.text_weight = text_weight;
    config.image_weight = image_weight;
    return AddGradientAlone(*model, input, config);
  };
  const StepLoss both = measured(.3, 2);
  EXPECT_GT(both.text_gradient, 0);
  EXPECT_GT(both.image_gradient, 0);
  const StepLoss text = measured(.6, 0);  // twice the weight, twice the gradient
  EXPECT_NEAR(text.text_gradient, 2 * both.text_gradient, 1e-4 * both.text_gradient);
  EXPECT_EQ(text.image_gradient, 0);
  const StepLoss image = measured(0, 1);
  EXPECT_NEAR(image.image_gradient, both.image_gradient / 2, 1e-4 * both.image_gradient);
  EXPECT_EQ(image.text_gradient, 0);
}

TEST(LossOf, IsTheLossOfTheSameStepWithoutAGradient) {
  const auto model = ToyModel();
  const StepLoss with = AddGradientAlone(*model, TwoBatches(), FullPrecision());
  GradientsOf(*model);
  const StepLoss without = LossOf(*model, TwoBatches(), FullPrecision());
  EXPECT_EQ(with.text, without.text);
  EXPECT_EQ(with.image, without.image);
  for (const Tensor& parameter : model->parameters()) {
    EXPECT_FALSE(parameter.grad().defined());
  }
}

// One loss of 8 patches, or two of 4, whose step counts as one for the codebook.
TEST(AddGradient, LearnsACodebookOnceAStepHoweverManyBatchesItHas) {
  for (const Codebook codebook : {Codebook::kEma, Codebook::kGradient}) {
    const AutoencoderConfig config{.kind = AutoencoderKind::kVq,
                                   .width = 8,
                                   .depth = 1,
                                   .dim = 3,
                                   .codes = 16,
                                   .codebook = codebook,
                                   .restart = .9};
    const auto learned = [&](const std::vector<Batch>& batches) {
      torch::manual_seed(1);
      const auto autoencoder = std::make_shared<PatchAutoencoder>(config, 3);
      AddGradientAlone(*MakeAutoencoderLearner(autoencoder), {batches, 0, 5}, FullPrecision());
      std::vector<Tensor> state;
      for (const auto& buffer : autoencoder->named_buffers()) {
        state.push_back(buffer.value().flatten());
      }
      for (const auto& parameter : autoencoder->named_parameters()) {
        state.push_back(parameter.value().detach().flatten());
        state.push_back(parameter.value().grad().flatten());
      }
      return at::cat(state);
    };
    const Batch both = ToyBatch(2, 1);
    Batch first = both, second = both;
    for (Batch* half : {&first, &second}) {
      const int64_t begin = half == &first ? 0 : 4;
      half->patch_PD = both.patch_PD.slice(0, begin, begin + 4);
      half->scored_P = both.scored_P.slice(0, begin, begin + 4);
      half->turn_P = both.turn_P.slice(0, begin, begin + 4);
    }
    EXPECT_TRUE(torch::allclose(learned({both}), learned({first, second}), 1e-5, 1e-6))
        << EnumName(codebook);
  }
}

}  // namespace
}  // namespace tessera
