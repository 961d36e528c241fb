#include "analysis/measure/flops.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ops/attention.h"
#include "ops/linear.h"
#include "tests/analysis/untrained_run.h"
#include "tests/model/toy_batch.h"

namespace tessera {
namespace {

double Counted(const std::function<void()>& work) {
  const FlopCounter counter;
  work();
  return counter.flops();
}

TEST(FlopCounter, CountsALinearMapAndTwiceAsMuchBackward) {
  for (const int64_t rows : {1, 3, 20}) {
    const double forward = 2 * rows * 7 * 5;
    const Tensor x_NI = at::randn({rows, 7}), bias_O = at::randn({5}).requires_grad_();
    const Tensor weight_OI = at::randn({5, 7}).requires_grad_();
    EXPECT_EQ(Counted([&] { Linear(x_NI, weight_OI, bias_O); }), forward);
    EXPECT_EQ(Counted([&] {
                const torch::NoGradGuard no_grad;  // of few rows the loop of our own
                Linear(x_NI, weight_OI);
              }),
              forward);
    const Tensor sum = Linear(x_NI.clone().requires_grad_(), weight_OI, bias_O).sum();
    EXPECT_EQ(Counted([&] { sum.backward(); }), 2 * forward);
  }
}

TEST(FlopCounter, CountsAttentionWhicheverKernelComputesIt) {
  for (const int64_t slots : {8, 300}) {  // the explicit product, the fused kernel
    const Tensor q_BTHE = at::randn({2, slots, 4, 16}).requires_grad_();
    const Tensor k_BSGE = at::randn({2, slots, 4, 16}).requires_grad_();
    const double forward = 4 * 2 * 4 * slots * slots * 16;
    Tensor sum;
    EXPECT_EQ(Counted([&] {
                sum = Attention(q_BTHE, k_BSGE, k_BSGE, at::zeros({2, 1, slots, slots})).sum();
              }),
              forward)
        << slots;
    // A fused backward pass forms the scores again.
    EXPECT_EQ(Counted([&] { sum.backward(); }), (slots == 8 ? 2 : 2.5) * forward) << slots;
  }
}

TEST(FlopCounter, CountsAConvolutionAndTwiceAsMuchBackward) {
  const Tensor x = at::randn({3, 2, 6, 8}).requires_grad_();
  const Tensor weight = at::randn({5, 2, 3, 3}).requires_grad_();
  const double forward = 2 * 3 * (6 * 8) * 5 * 2 * 9;
  Tensor sum;
  EXPECT_EQ(Counted([&] { sum = at::conv2d(x, weight, {}, 1, 1).sum(); }), forward);
  EXPECT_EQ(Counted([&] { sum.backward(); }), 2 * forward);
  EXPECT_EQ(Counted([&] { at::conv2d(x, weight, {}, 2); }), 2 * 3 * (2 * 3) * 5 * 2 * 9);
}

TEST(FlopCounter, OfATransformerIsThatOfItsMatricesAndItsScores) {
  const auto model = ToyModel();
  const Batch batch = ToyBatch(/*rows=*/2, /*per_row=*/1);
  const double slots = 11, width = 16, layers = 2;
  double matrices = 0;
  for (const auto& item : model->named_parameters()) {
    if (item.key().starts_with("model.layers.") && item.value().dim() == 2) {
      matrices += static_cast<double>(item.value().numel());
    }
  }
  ASSERT_EQ(matrices, layers * (2 * 16 * 16 + 2 * 16 * 8 + 3 * 16 * 24));
  const double embedded = Counted([&] { model->Embed(batch, {}); });
  const double all = Counted([&] { model->Hidden(batch, {}); });
  EXPECT_EQ(all - embedded, 2 * 2 * slots * matrices + 2 * layers * 4 * slots * slots * width);
}

TEST(Cost, OfARunIsTheSameEachTimeAndLeavesItsParametersAlone) {
  const auto run = UntrainedRun({"train.batch=2", "train.row_length=64"});
  ASSERT_TRUE(run.ok()) << run.status();
  const auto files = std::make_shared<const Files>();
  const std::shared_ptr<const Dataset> data =
      OpenDataset(run->config, Split::kTrain, files).value();
  const Tensor before = at::cat({run->model->parameters()[0].flatten()}).clone();
  Metrics once, again;
  ASSERT_TRUE(AddCost(*run, data, *data, {}, &once).ok());
  ASSERT_TRUE(AddCost(*run, data, *data, {}, &again).ok());
  EXPECT_EQ(once, again);
  EXPECT_GT(ValueOf(once, "picture_gflop"), 0);
  EXPECT_GT(ValueOf(once, "training_step_gflop"), ValueOf(once, "picture_gflop"));
  for (const Tensor& parameter : run->model->parameters()) {
    EXPECT_FALSE(parameter.grad().defined());
  }
  EXPECT_TRUE(at::equal(before, run->model->parameters()[0].flatten()));
}

TEST(Cost, OfAPictureIsThatOfTheSameProductsWhateverMultiplies) {
  const auto files = std::make_shared<const Files>();
  std::vector<double> costs;
  for (const std::string engine : {"packed", "plain"}) {
    const auto run =
        UntrainedRun({"train.batch=2", "train.row_length=64", "generate.engine=" + engine});
    ASSERT_TRUE(run.ok()) << run.status();
    const std::shared_ptr<const Dataset> data =
        OpenDataset(run->config, Split::kTrain, files).value();
    Metrics metrics;
    ASSERT_TRUE(AddCost(*run, data, *data, {}, &metrics).ok());
    costs.push_back(ValueOf(metrics, "picture_gflop"));
  }
  EXPECT_EQ(costs[0], costs[1]);
}

}  // namespace
}  // namespace tessera
