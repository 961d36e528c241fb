// Adapters are those of Hugging Face's `peft`: it loads ours, and its own are read. B = rows,
// T = slots, V = ids.
#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cstdlib>
#include <map>

#include "run/export_llama.h"
#include "run/import_llama.h"
#include "tests/files/temp_folder.h"
#include "tests/run/python_with_transformers.h"
#include "tests/run/text_logits.h"
#include "train/trained_weights.h"

namespace tessera {
namespace {

constexpr double kTolerance = 1e-4;

class Peft : public testing::Test {
 protected:
  void SetUp() override {
    python_ = PythonWithPeft();
    NEEDS_PYTHON(python_);
    Script("make '" + folder_.path() + "'");
  }

  void Script(const std::string& words) {
    const std::string script = "'" TESSERA_SOURCE_DIR "/tests/run/peft_adapters.py' " + words;
    ASSERT_EQ(std::system(PythonCommand(python_, script).c_str()), 0);
  }

  tessera::Run Imported(const std::string& adapter = "") {
    auto run = ImportLlama(folder_ / "model", {"model.patch=2", "model.grids=[\"2x2\"]"}, Files(),
                           adapter);
    EXPECT_TRUE(run.ok()) << run.status();
    return *std::move(run);
  }

  std::map<std::string, Tensor> Cases(const std::string& file) {
    const auto tensors = ReadTensors(Files(), folder_ / file);
    EXPECT_TRUE(tensors.ok()) << tensors.status();
    return {tensors->begin(), tensors->end()};
  }

  TempFolder folder_;
  std::string python_;
};

double Distance(const Tensor& a, const Tensor& b) { return (a - b).abs().max().item<double>(); }

TEST_F(Peft, WritesAnAdapterThatIsMergedIntoAnImport) {
  const torch::NoGradGuard no_grad;
  auto cases = Cases("cases.safetensors");
  const auto distance = [&](const tessera::Run& run) {
    Tensor id_BT = cases["ids"].clone();
    id_BT.select(1, 0).fill_(run.layout.vocabulary.document());
    const Tensor ours_BTV = TextLogits(*run.model, id_BT);
    return Distance(ours_BTV.narrow(2, 0, cases["logits"].size(2)), cases["logits"]);
  };
  EXPECT_GT(distance(Imported()), .5) << "the adapter matters";
  EXPECT_LT(distance(Imported(folder_ / "adapter")), kTolerance);
}

TEST_F(Peft, LoadsWhatACheckpointOfOursHoldsOverTheExportedBase) {
  tessera::Run run = Imported();
  ASSERT_TRUE(ExportLlama(run, folder_ / "exported", Files()).ok());
  AdapterConfig& config = run.config.train.adapter;
  config.kind = AdapterKind::kLora;
  config.targets = {"model.layers.*", "lm_head"};
  config.rank = 3;
  run.adapters =
      *Adapters::Attach(Parameters(*run.model), RolesOf(*run.model), config, run.config.seed);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, factor] : run.adapters.Parameters()) {
    Tensor(factor).add_(at::randn_like(factor) * .1);
  }
  const Ranks alone;
  const CheckpointFolder checkpoints(Files(), folder_ / "checkpoints");
  ASSERT_TRUE(checkpoints.Save(1, TrainedWeights(run, alone).ToFiles()).ok());
  Script("load '" + folder_ / "exported" + "' '" + checkpoints.Latest()->path + "' '" +
         folder_ / "out" + "'");
  auto cases = Cases("out");
  EXPECT_GT(Distance(cases["plain"], cases["logits"]), .5) << "the adapter matters";
  const FoldedScope folded(run.adapters);
  EXPECT_LT(Distance(TextLogits(*run.model, cases["ids"]), cases["logits"]), kTolerance);
}

}  // namespace
}  // namespace tessera
