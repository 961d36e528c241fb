#include <gtest/gtest.h>

#include "ops/attention.h"
#include "tests/model/toy_batch.h"

namespace tessera {
namespace {

Trace TraceOf(Model& model, const Batch& batch) {
  Trace trace;
  model.Hidden(batch, {}, {.trace = &trace});
  return trace;
}

TEST(Trace, HasWhatEachLayerReadsAndTheLastLeaves) {
  const auto model = ToyModel();
  const Batch batch = ToyBatch(2, 1);
  const Trace trace = TraceOf(*model, batch);
  ASSERT_EQ(trace.state_BTW.size(), 3);
  ASSERT_EQ(trace.attention_BHTS.size(), 2);
  EXPECT_TRUE(at::equal(trace.state_BTW[0], model->Embed(batch, {})));
  EXPECT_TRUE(at::equal(model->FinalNorm(trace.state_BTW[2]), model->Hidden(batch, {})));
}

TEST(Trace, AttendsOnlyToThePastOfTheSameDocumentWithSharesOfOne) {
  const auto model = ToyModel();
  const Batch batch = ToyBatch(2, 3);
  for (const Tensor& weight_BHTS : TraceOf(*model, batch).attention_BHTS) {
    EXPECT_TRUE(at::allclose(weight_BHTS.sum(3), at::ones({}), 1e-5, 1e-5));
    const Tensor same = batch.document_BT.unsqueeze(2) == batch.document_BT.unsqueeze(1);
    const Tensor past = batch.position_BT.unsqueeze(2) >= batch.position_BT.unsqueeze(1);
    const Tensor hidden = at::logical_not(at::logical_and(same, past)).unsqueeze(1);
    EXPECT_EQ(weight_BHTS.masked_select(hidden).count_nonzero().item<int64_t>(), 0);
    EXPECT_GT(weight_BHTS.masked_select(hidden.logical_not()).min().item<double>(), 0);
  }
}

TEST(Trace, ShowsAModelWithoutQueriesLookingEvenlyAtAllThatItSees) {
  const auto model = ToyModel();
  const torch::NoGradGuard no_grad;
  for (auto& item : model->named_parameters()) {
    if (item.key().find("q_proj") != std::string::npos) {
      item.value().zero_();
    }
  }
  const Batch batch = ToyBatch(1, 1);
  const Tensor seen_T = batch.position_BT[0] + 1;
  const Tensor even_TS = at::tril(at::ones({11, 11})) / seen_T.unsqueeze(1);
  for (const Tensor& weight_BHTS : TraceOf(*model, batch).attention_BHTS) {
    EXPECT_TRUE(at::allclose(weight_BHTS, even_TS.expand_as(weight_BHTS), 1e-6, 1e-6));
  }
}

TEST(AttentionWeights, TimesTheValuesIsAttention) {
  torch::manual_seed(0);
  const Tensor q = at::randn({2, 5, 4, 6}), k = at::randn({2, 7, 2, 6}),
               v = at::randn({2, 7, 2, 6});
  const Tensor bias = CachedBias(at::arange(2, 7).expand({2, 5}), 7, torch::kFloat32);
  const Tensor v_BHSE = v.repeat_interleave(2, 2).transpose(1, 2);
  const Tensor slow = at::matmul(AttentionWeights(q, k, bias), v_BHSE).transpose(1, 2);
  EXPECT_TRUE(at::allclose(Attention(q, k, v, bias), slow, 1e-5, 1e-6));
}

TEST(LossOf, OfTheHiddenStatesIsTheModelsLossToTheBit) {
  const auto model = ToyModel();
  const Batch batch = ToyBatch(2, 2, /*noise=*/.3);
  const auto rng = [] { return at::make_generator<at::CPUGeneratorImpl>(7); };
  const ModelLoss whole = model->Loss(batch, {1, 1}, rng());
  at::Generator again = rng();
  const Tensor h_BTW = model->Hidden(batch, again);
  const ModelLoss parts = model->LossOf(h_BTW, batch, {1, 1}, again);
  EXPECT_TRUE(at::equal(whole.total, parts.total));
  EXPECT_TRUE(at::equal(whole.image.by_patch_N, parts.image.by_patch_N));
}

}  // namespace
}  // namespace tessera
