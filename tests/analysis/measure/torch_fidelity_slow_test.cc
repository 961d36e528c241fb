// Distances beside those of torch-fidelity on the same features, and statistics beside NumPy's.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <sstream>

#include "analysis/measure/distribution.h"
#include "analysis/measure/statistics.h"
#include "data/npz.h"
#include "ops/random.h"
#include "tests/run_python.h"

namespace tessera {
namespace {

// torch-fidelity imports torchvision for networks that are not used here.
constexpr char kScript[] = R"(
import sys
from unittest import mock
for name in ["", ".datasets", ".transforms", ".transforms.functional", ".models"]:
    sys.modules["torchvision" + name] = mock.MagicMock()
import numpy as np
import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric

sets = np.load("features.npz")
a, b = torch.from_numpy(sets["a"]), torch.from_numpy(sets["b"])
ours = np.load("ours.npz")
stat_a, stat_b = fid_features_to_statistics(a), fid_features_to_statistics(b)
assert np.abs(ours["mu"] - stat_a["mu"]).max() < 1e-12
assert np.abs(ours["sigma"] - stat_a["sigma"]).max() < 1e-12
np.savez_compressed("theirs.npz", mu=stat_b["mu"].astype(np.float32), sigma=stat_b["sigma"])
print(fid_statistics_to_metric(stat_a, stat_b, False)["frechet_inception_distance"])
print(kid_features_to_metric(a, b, kid_subsets=1, kid_subset_size=len(a), verbose=False)
      ["kernel_inception_distance_mean"])
)";

NpyArray ArrayOf(const Tensor& tensor) {
  const double* first = tensor.const_data_ptr<double>();
  return NpyOf({first, first + tensor.numel()}, tensor.sizes().vec());
}

TEST(Distances, EqualThoseOfTorchFidelityOnTheSameFeatures) {
  const std::string python =
      PythonWith("torch_fidelity", "--no-deps torch-fidelity==0.4.0 numpy scipy pillow tqdm");
  NEEDS_PYTHON(python);
  const TempFolder folder;
  const Files files;
  const at::Generator rng = MakeGenerator(torch::kCPU, 3, Stream::kEvaluate, 0);
  const Tensor mix_FF = at::randn({48, 48}, rng, torch::kDouble) / 7;
  const Tensor a_NF = at::matmul(at::randn({200, 48}, rng, torch::kDouble), mix_FF);
  const Tensor b_NF = at::matmul(at::randn({200, 48}, rng, torch::kDouble), mix_FF) * 1.3 + .2;
  files.Write(folder / "features.npz", ToNpz({{"a", ArrayOf(a_NF)}, {"b", ArrayOf(b_NF)}}).value())
      .IgnoreError();
  ASSERT_TRUE(WriteStatistics(GaussianOf(a_NF), folder / "ours.npz", files).ok());
  const Outcome outcome = RunPython(python, folder, kScript);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  std::istringstream numbers(outcome.out);
  double fid = 0, kid = 0;
  numbers >> fid >> kid;
  EXPECT_GT(fid, 1);
  EXPECT_NEAR(FrechetDistance(a_NF, b_NF), fid, 1e-3 * fid);
  EXPECT_NEAR(PolynomialMmd(a_NF, b_NF), kid, 1e-3 * kid);
  const auto theirs = ReadStatistics(folder / "theirs.npz", files);
  ASSERT_TRUE(theirs.ok()) << theirs.status();
  EXPECT_NEAR(FrechetDistance(GaussianOf(a_NF), *theirs), fid, 1e-3 * fid);
}

}  // namespace
}  // namespace tessera
