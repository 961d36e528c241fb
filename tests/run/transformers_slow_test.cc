// The text side is that of Hugging Face's `transformers`, for checkpoints that it wrote and that it
// reads. B = rows, T = slots, V = ids.
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

namespace tessera {
namespace {

constexpr char kText[] = "a large circle, 12 red squares";
constexpr double kTolerance = 1e-4;

class Transformers : public testing::TestWithParam<const char*> {
 protected:
  // The tensors that the script leaves.
  void Run(const std::string& words, const std::string& file, std::map<std::string, Tensor>* into) {
    const std::string python = PythonWithTransformers();
    NEEDS_PYTHON(python);
    const std::string script = "'" TESSERA_SOURCE_DIR "/tests/run/transformers_models.py' " + words;
    ASSERT_EQ(std::system(PythonCommand(python, script).c_str()), 0);
    const auto tensors = ReadTensors(Files(), file);
    ASSERT_TRUE(tensors.ok()) << tensors.status();
    *into = {tensors->begin(), tensors->end()};
  }

  TempFolder folder_;
};

void ExpectNear(const Tensor& ours_BTV, const Tensor& theirs_BTV) {
  ASSERT_EQ(ours_BTV.sizes(), theirs_BTV.sizes());
  EXPECT_GT(theirs_BTV.std().item<double>(), .5) << "the tolerance means something";
  EXPECT_LT((ours_BTV - theirs_BTV).abs().max().item<double>(), kTolerance);
}

TEST_P(Transformers, GivesAndTakesModelsWithEqualLogits) {
  const torch::NoGradGuard no_grad;
  const std::string theirs = folder_ / "theirs", ours = folder_ / "ours";
  std::map<std::string, Tensor> given, taken;
  Run(std::string("make ") + GetParam() + " '" + theirs + "'", theirs + "/cases.safetensors",
      &given);
  if (given.empty()) {
    return;
  }
  auto run = ImportLlama(theirs, {"model.patch=2", "model.grids=[\"2x2\"]"}, Files());
  ASSERT_TRUE(run.ok()) << run.status();
  Tensor id_BT = given["ids"].clone();
  id_BT.select(1, 0).fill_(run->layout.vocabulary.document());
  const int64_t ids = given["logits"].size(2);
  ExpectNear(TextLogits(*run->model, id_BT).narrow(2, 0, ids), given["logits"]);

  for (Tensor& parameter : run->model->parameters()) {  // as if it had been trained
    parameter.add_(at::randn_like(parameter) * .05);
  }
  const absl::Status exported = ExportLlama(*run, ours, Files());
  ASSERT_TRUE(exported.ok()) << exported;
  Run("load '" + ours + "' '" + folder_ / "out" + "' '" + kText + "'", folder_ / "out", &taken);
  ASSERT_FALSE(taken.empty());
  ExpectNear(TextLogits(*run->model, taken["ids"]), taken["logits"]);
  std::vector<int64_t> tokens = run->tokenizer.Encode(kText);
  tokens.insert(tokens.begin(), run->layout.vocabulary.document());
  EXPECT_TRUE(at::equal(torch::tensor(tokens), taken["text"]));
}

INSTANTIATE_TEST_SUITE_P(Families, Transformers,
                         testing::Values("llama2", "llama3", "smollm2", "mistral", "qwen2",
                                         "qwen3"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace tessera
