#include "train/ema.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

namespace tessera {
namespace {

void Fill(const Tensor& parameter, double value) {
  const torch::NoGradGuard no_grad;
  parameter.fill_(value);
}

TEST(Ema, IsTheMovingAverageWithARisingDecay) {
  const Tensor parameter = torch::zeros({1}, torch::kFloat64).requires_grad_();
  Ema ema({{"p", parameter}}, 0.5);
  double expected = 0;
  for (int step = 0; step < 20; ++step) {
    Fill(parameter, step * step);
    ema.Update(step);
    const double decay = std::min(0.5, (1.0 + step) / (10.0 + step));
    expected = decay * expected + (1 - decay) * step * step;
    EXPECT_DOUBLE_EQ(ema.State()[0].second.item<double>(), expected);
  }
}

TEST(Ema, WithoutDecayIsTheParameters) {
  const Tensor parameter = torch::zeros({3}).requires_grad_();
  Ema ema({{"p", parameter}}, 0);
  Fill(parameter, 7);
  ema.Update(100);
  EXPECT_TRUE(torch::equal(ema.State()[0].second, parameter.detach()));
}

TEST(EmaScope, PutsTheAverageInPlaceOfTheParametersWhileItLives) {
  torch::nn::Linear layer(2, 2);
  Ema ema({{"weight", layer->weight}}, 0.9);
  const Tensor start = layer->weight.detach().clone();
  const void* const address = layer->weight.data_ptr();
  Fill(layer->weight, 7);
  {
    const EmaScope scope(ema);
    EXPECT_TRUE(torch::equal(layer->weight, start));
    EXPECT_TRUE(layer->weight.requires_grad());
  }
  EXPECT_TRUE(torch::equal(layer->weight, torch::full({2, 2}, 7.f)));
  EXPECT_TRUE(torch::equal(ema.State()[0].second, start));
  EXPECT_EQ(layer->weight.data_ptr(), address);
}

}  // namespace
}  // namespace tessera
