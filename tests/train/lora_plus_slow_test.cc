// The claim of LoRA+ on its authors' kind of toy (Hayou et al. 2024, section 3): a wide layer whose
// change of rank 4 alone is trained. N = examples, D = numbers of one, W = width.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "ops/random.h"
#include "run/adapter.h"
#include "run/parameter_role.h"
#include "train/optimizer/optimizer.h"

namespace tessera {
namespace {

constexpr int64_t kExamples = 256, kDim = 5, kSteps = 100;

// The loss after training at rates whose geometric mean is `lr`, that of B `ratio` times that of A.
double LossAfter(int64_t width, double lr, double ratio, uint64_t seed) {
  const auto rng = MakeGenerator(torch::kCPU, seed, Stream::kTest, 0);
  const Tensor x_ND = torch::randn({kExamples, kDim}, rng);
  const Tensor in_WD = torch::randn({width, kDim}, rng) / std::sqrt(kDim);
  const Tensor weight_WW = torch::randn({width, width}, rng) / std::sqrt(width);
  const Tensor out_W = torch::randn({width}, rng) / std::sqrt(width);
  const Tensor h_NW = torch::relu(torch::linear(x_ND, in_WD)), y_N = torch::sin(x_ND.mean(1));

  TrainConfig config{.optimizer = {.lr = lr / std::sqrt(ratio), .beta2 = .999, .weight_decay = 0}};
  config.adapter.targets = {"weight"};
  config.adapter.rank = 4;
  config.adapter.alpha = 4;
  config.adapter.lr_ratio = ratio;
  const Adapters adapters =
      *Adapters::Attach({{"weight", weight_WW}}, {{"weight", ParameterRole::kHidden}},
                        config.adapter, static_cast<int64_t>(seed));
  const auto role = [](const std::string& name) {
    return name.ends_with(kAdapterA) ? ParameterRole::kAdapterA : ParameterRole::kAdapterB;
  };
  Optimizer optimizer(adapters.Parameters(), role, config);
  double loss = 0;
  for (int64_t step = 0; step < kSteps; ++step) {
    const LowRankScope adapted(adapters.Changes());
    const Tensor z_N = torch::relu(Linear(h_NW, weight_WW)).mv(out_W);
    const Tensor error = torch::mse_loss(z_N, y_N);
    loss = error.item<double>();
    optimizer.ZeroGrad();
    error.backward();
    optimizer.Step(1);
  }
  return loss;
}

// Over two seeds, at the best of some rates.
double BestLoss(int64_t width, const std::vector<double>& rates, double ratio) {
  double best = std::numeric_limits<double>::infinity();
  for (const double lr : rates) {
    const double loss = (LossAfter(width, lr, ratio, 1) + LossAfter(width, lr, ratio, 2)) / 2;
    std::cout << "width " << width << ", ratio " << ratio << ", mean rate " << lr << ": loss "
              << loss << "\n";
    best = std::min(best, loss);
  }
  return best;
}

struct Sweep {
  double equal, best, ratio;  // losses at equal rates and at the best ratio, and that ratio
};

Sweep SweepRatios(int64_t width, const std::vector<double>& rates) {
  Sweep sweep{BestLoss(width, rates, 1), 0, 1};
  sweep.best = sweep.equal;
  for (const double ratio : {4., 16., 64.}) {
    const double loss = BestLoss(width, rates, ratio);
    if (loss < sweep.best) {
      sweep.best = loss;
      sweep.ratio = ratio;
    }
  }
  std::cout << "width " << width << ": " << sweep.equal << " at equal rates, " << sweep.best
            << " at ratio " << sweep.ratio << "\n";
  return sweep;
}

// Swept once.
const Sweep& Wide() {
  static const Sweep sweep = SweepRatios(1024, {0x1p-9, 0x1p-8, 0x1p-7, 0x1p-6});
  return sweep;
}

TEST(LoraPlus, ReachesInWideLayersALossThatNoEqualRateDoes) {
  EXPECT_GE(Wide().ratio, 4);
  EXPECT_LT(Wide().best, .75 * Wide().equal);
}

// The best ratio grows with the width, and so does what it is worth.
TEST(LoraPlus, GainsLessInNarrowLayers) {
  const Sweep narrow = SweepRatios(64, {0x1p-8, 0x1p-7, 0x1p-6, 0x1p-5, 0x1p-4});
  EXPECT_GT(narrow.best / narrow.equal, 1.3 * Wide().best / Wide().equal);
}

}  // namespace
}  // namespace tessera
