#include "model/model.h"

#include <gtest/gtest.h>

#include "ops/random.h"
#include "tests/model/toy_batch.h"

namespace tessera {
namespace {

at::Generator Rng(uint64_t step) { return MakeGenerator(torch::kCPU, 7, Stream::kTest, step); }

LossScale MeanScale(const Batch& batch) {
  const LossCounts counts = CountLosses(batch);
  return {1 / counts.text, 1 / counts.image};
}

// Columns [first, first + count) of every row, as a batch of its own.
Batch Slice(const Batch& batch, int64_t first, int64_t count) {
  Batch part = batch;
  for (Tensor ModelInput::*member :
       {&ModelInput::id_BT, &ModelInput::document_BT, &ModelInput::position_BT,
        &ModelInput::visible_to_BT, &ModelInput::rotary_coordinate_BT2}) {
    part.*member = (batch.*member).narrow(1, first, count);
  }
  for (Tensor Batch::*member : {&Batch::target_BT, &Batch::weight_BT}) {
    part.*member = (batch.*member).narrow(1, first, count);
  }
  const Tensor row_P = batch.patch_slot_P.div(batch.slots(), "floor");
  const Tensor slot_P = batch.patch_slot_P.remainder(batch.slots());
  const Tensor kept_P = (slot_P >= first).logical_and(slot_P < first + count);
  const Tensor index_Q = at::nonzero(kept_P).squeeze(1);
  for (Tensor ModelInput::*member :
       {&ModelInput::patch_PD, &ModelInput::patch_row_col_P2, &ModelInput::turn_P,
        &ModelInput::noise_P, &ModelInput::hidden_P}) {
    part.*member = at::index_select(batch.*member, 0, index_Q);
  }
  part.scored_P = at::index_select(batch.scored_P, 0, index_Q);
  part.patch_slot_P = at::index_select(row_P * count + slot_P - first, 0, index_Q);
  part.predictor_P = part.patch_slot_P - 1;
  return part;
}

TEST(Model, IgnoresTheFuture) {
  torch::NoGradGuard no_grad;
  const auto model = ToyModel();
  const Batch batch = ToyBatch(1, 1);
  const Tensor h_BTW = model->Hidden(batch, {});
  for (int64_t slot = 0; slot < batch.slots(); ++slot) {
    Batch changed = batch;
    changed.id_BT = batch.id_BT.clone();
    changed.patch_PD = batch.patch_PD.clone();
    if (batch.id_BT[0][slot].item<int64_t>() == kToyVocabulary.patch()) {
      changed.patch_PD[slot - 4] += 0.5;
    } else {
      changed.id_BT[0][slot] = (batch.id_BT[0][slot] + 1) % kToyVocabulary.text_size();
    }
    const Tensor g_BTW = model->Hidden(changed, {});
    EXPECT_TRUE(torch::equal(g_BTW.narrow(1, 0, slot), h_BTW.narrow(1, 0, slot))) << slot;
    EXPECT_FALSE(torch::equal(g_BTW.select(1, slot), h_BTW.select(1, slot))) << slot;
  }
}

TEST(Model, SeesADocumentInARowAsItSeesItAlone) {
  torch::NoGradGuard no_grad;
  const auto model = ToyModel();
  const Batch batch = ToyBatch(2, 3);
  const Tensor h_BTW = model->Hidden(batch, {});
  for (int64_t document = 0; document < 3; ++document) {
    const Tensor alone_BTW = model->Hidden(Slice(batch, 11 * document, 11), {});
    EXPECT_TRUE(torch::allclose(h_BTW.narrow(1, 11 * document, 11), alone_BTW, 1e-5, 1e-5));
  }
}

TEST(Model, CachedStepsEqualTheFullForward) {
  torch::NoGradGuard no_grad;
  const auto model = ToyModel();
  for (const int64_t rows : {1, 3}) {
    const Batch batch = ToyBatch(rows, 1);
    const Tensor full_BTW = model->Hidden(batch, {});
    KvCache cache = model->MakeCache(rows, batch.slots());
    cache.Use(3);
    std::vector<Tensor> parts = {model->Hidden(Slice(batch, 0, 3), {}, {.cache = &cache})};
    for (int64_t slot = 3; slot < batch.slots(); ++slot) {
      cache.Use(slot + 1);
      parts.push_back(model->Hidden(Slice(batch, slot, 1), {}, {.cache = &cache}));
    }
    EXPECT_LT((at::cat(parts, 1) - full_BTW).abs().max().item<double>(), 1e-4);
  }
}

// A model in double and a batch of which it reads all that there is to read, also a hidden picture.
class WholeLoss {
 public:
  explicit WholeLoss(const ModelConfig& config) : model_(ToyModel(config)) {
    model_->to(torch::kFloat64);
    for (Tensor Batch::*member : std::initializer_list<Tensor Batch::*>{
             &Batch::patch_PD, &Batch::noise_P, &Batch::weight_BT}) {
      batch_.*member = (batch_.*member).to(torch::kFloat64);
    }
    batch_.hidden_P.slice(0, 0, 4).fill_(true);
  }

  Tensor operator()() { return model_->Loss(batch_, MeanScale(batch_), Rng(0)).total; }

  // Central difference along a direction.
  double Slope(Tensor parameter, const Tensor& direction) {
    const torch::NoGradGuard no_grad;
    constexpr double kStep = 1e-5;
    parameter.add_(direction, kStep);
    const double above = (*this)().item<double>();
    parameter.sub_(direction, 2 * kStep);
    const double below = (*this)().item<double>();
    parameter.add_(direction, kStep);
    return (above - below) / (2 * kStep);
  }

  Model& model() { return *model_; }

 private:
  std::shared_ptr<Model> model_;
  Batch batch_ = ToyBatch(2, 1, /*noise=*/0.1);
};

TEST(Model, LossGradientEqualsFiniteDifferences) {
  for (size_t i = 0; i < EnumNames(ObjectiveKind{}).size(); ++i) {
    ModelConfig config = ToyConfig();
    config.arrangement.objective = static_cast<ObjectiveKind>(i);
    WholeLoss loss(config);
    loss().backward();
    for (const auto& item : loss.model().named_parameters()) {
      SCOPED_TRACE(item.key() + " of " + std::string(EnumName(static_cast<ObjectiveKind>(i))));
      if (config.arrangement.backbone_denoises() && item.key().starts_with("next_place.")) {
        continue;  // queries stand in the places that they are drawn for
      }
      ASSERT_TRUE(item.value().grad().defined());
      const Tensor direction = at::randn_like(item.value());
      const double slope = (item.value().grad() * direction).sum().item<double>();
      EXPECT_NE(slope, 0);
      EXPECT_NEAR(loss.Slope(item.value(), direction), slope, 1e-6 * std::abs(slope) + 1e-8);
    }
  }
}

TEST(Model, LossOfABatchIsTheSumOfItsRows) {
  torch::NoGradGuard no_grad;
  const auto model = ToyModel();
  const Batch batch = ToyBatch(1, 2);
  const double both = model->Loss(batch, {1, 0}, Rng(0)).text_sum.item<double>();
  const double first = model->Loss(Slice(batch, 0, 11), {1, 0}, Rng(0)).text_sum.item<double>();
  const double second = model->Loss(Slice(batch, 11, 11), {1, 0}, Rng(0)).text_sum.item<double>();
  EXPECT_NEAR(both, first + second, 1e-4);
}

TEST(Model, HiddenPicturesDoNotReachTheModel) {
  torch::NoGradGuard no_grad;
  const auto model = ToyModel();
  Batch batch = ToyBatch(1, 1);
  batch.hidden_P = at::ones({4}, torch::kBool);
  const Tensor h_BTW = model->Hidden(batch, {});
  batch.patch_PD = -batch.patch_PD;
  EXPECT_TRUE(torch::equal(model->Hidden(batch, {}), h_BTW));
}

TEST(Model, InputNoiseFollowsTheGeneratorAndTheLevel) {
  torch::NoGradGuard no_grad;
  const auto model = ToyModel();
  const Batch noisy = ToyBatch(1, 1, 0.2), clean = ToyBatch(1, 1, 0);
  EXPECT_TRUE(torch::equal(model->Embed(noisy, Rng(1)), model->Embed(noisy, Rng(1))));
  EXPECT_FALSE(torch::equal(model->Embed(noisy, Rng(1)), model->Embed(noisy, Rng(2))));
  EXPECT_TRUE(torch::equal(model->Embed(clean, Rng(1)), model->Embed(clean, Rng(2))));
}

TEST(Model, MeasuresPatchesByWhatStandsBeforeThem) {
  ModelConfig config = ToyConfig();
  config.head.kind = HeadKind::kMse;
  const auto model = ToyModel(config);
  Batch batch = ToyBatch(1, 1, /*noise=*/.2);
  const auto bits = [&](int64_t most) {
    return model->objective().Measure(batch, {most}, Rng(0)).bits_N;
  };
  const Tensor all_N = bits(100);
  ASSERT_EQ(all_N.size(0), 4);
  Tensor met_N = torch::zeros({4}, torch::kBool);  // of fewer than all, by chance
  for (int64_t seed = 0; seed < 20; ++seed) {
    const Tensor some_M = model->objective().Measure(batch, {2}, Rng(seed)).bits_N;
    const Tensor equal_MN = some_M.unsqueeze(1) == all_N;
    EXPECT_EQ(equal_MN.sum().item<int64_t>(), 2);
    met_N = met_N.logical_or(equal_MN.any(0));
  }
  EXPECT_TRUE(met_N.all().item<bool>());
  batch.patch_PD[2] = -batch.patch_PD[2];
  EXPECT_TRUE(at::allclose(bits(100).slice(0, 0, 2), all_N.slice(0, 0, 2)));
  EXPECT_FALSE(at::allclose(bits(100)[3], all_N[3]));
  batch = ToyBatch(1, 1, /*noise=*/0);
  EXPECT_TRUE(torch::equal(bits(100), all_N));  // of noise nothing is added and nothing told
}

// Noise would make other codes of the pixels.
TEST(Model, ReadsTheCodesOfCleanPixelsWhateverTheInputNoise) {
  ModelConfig config = ToyConfig();
  config.input.kind = InputKind::kCodes;
  config.autoencoder = {
      .kind = AutoencoderKind::kFsq, .path = "a run", .width = 8, .levels = {8, 8}};
  const auto model = ToyModel(config);
  const auto loss = [&](double noise, uint64_t item) {
    return model
        ->Loss(ToyBatch(2, 1, noise), {1, 0}, MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item))
        .text_sum.item<double>();
  };
  EXPECT_EQ(loss(0, 1), loss(.9, 1));
  EXPECT_EQ(loss(.9, 1), loss(.9, 2));
}

}  // namespace
}  // namespace tessera
