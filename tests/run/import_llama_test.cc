#include "run/import_llama.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "config/toml.h"
#include "run/export_llama.h"
#include "run/safetensors.h"
#include "tests/files/temp_folder.h"
#include "tests/run/text_logits.h"

namespace tessera {
namespace {

const std::vector<std::string> kPictures = {"model.patch=2", "model.grids=[\"2x2\"]"};

class Llama : public testing::Test {
 protected:
  // A run of random weights, exported.
  Llama() : run_(MakeRandom()) {
    const absl::Status exported = ExportLlama(run_, folder_ / "hf/", Files());
    EXPECT_TRUE(exported.ok()) << exported;
  }

  static tessera::Run MakeRandom() {
    RunConfig config;
    const absl::Status status = FromToml(
        "model = {grids = [\"2x2\", \"1x2\"], width = 16, layers = 2, heads = 2, kv_heads "
        "= 1, head_dim = 6, ffn = 24, norm_epsilon = 0.01}",
        "test", {}, &config);
    EXPECT_TRUE(status.ok()) << status;
    tessera::Run run = *MakeRun(config, *Tokenizer::Train({"a red circle"}, {.size = 300}));
    const torch::NoGradGuard no_grad;
    for (Tensor& parameter : run.model->parameters()) {
      parameter.add_(at::randn_like(parameter) * .2);
    }
    return run;
  }

  absl::StatusOr<tessera::Run> Import(std::vector<std::string> overrides = kPictures) const {
    return ImportLlama(folder_ / "hf", overrides, Files());
  }

  void ExpectRefused(const std::string& part, std::vector<std::string> overrides = kPictures) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part,
                        std::string(Import(overrides).status().message()));
  }

  // Copies, since the file that the tensors are read from is written anew.
  NamedTensors Weights() const {
    NamedTensors weights = *ReadTensors(Files(), folder_ / "hf/model.safetensors");
    for (auto& [name, tensor] : weights) {
      tensor = tensor.clone();
    }
    return weights;
  }
  void Write(const std::string& name, const NamedTensors& tensors) const {
    folder_.Write("hf/" + name, WriteSafetensors(tensors));
  }

  TempFolder folder_;
  tessera::Run run_;
};

Tensor SomeIds(int64_t begin) {
  Tensor id_BT = at::arange(60).view({3, 20}) * 4;
  id_BT.select(1, 0).fill_(begin);
  return id_BT;
}

TEST_F(Llama, ComesBackWithItsLogits) {
  const torch::NoGradGuard no_grad;
  const auto back = Import();
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->tokenizer.Serialized(), run_.tokenizer.Serialized());
  const Tensor theirs = TextLogits(*run_.model, SomeIds(run_.layout.vocabulary.document()));
  const Tensor ours = TextLogits(*back->model, SomeIds(back->layout.vocabulary.document()));
  EXPECT_TRUE(at::equal(ours.narrow(2, 0, theirs.size(2)), theirs));
  EXPECT_EQ(back->layout.vocabulary.text_size(), theirs.size(2)) << "ids of ours became text";
  EXPECT_TRUE(at::equal(ours.select(2, back->layout.vocabulary.end_document()),
                        theirs.select(2, run_.layout.vocabulary.end_document())));
}

TEST_F(Llama, IsReadFromShards) {
  const torch::NoGradGuard no_grad;
  const auto whole = Import();
  NamedTensors all = Weights();
  const auto middle = all.begin() + std::ssize(all) / 2;
  Write("a.safetensors", NamedTensors(all.begin(), middle));
  Write("b.safetensors", NamedTensors(middle, all.end()));
  folder_.Write("hf/model.safetensors.index.json",
                R"({"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}})");
  std::filesystem::remove(folder_ / "hf/model.safetensors");
  const auto sharded = Import();
  ASSERT_TRUE(sharded.ok()) << sharded.status();
  EXPECT_TRUE(AreEqual(Parameters(*whole->model), Parameters(*sharded->model)));
}

TEST_F(Llama, KeepsMatricesInBf16ThatAreSoAndGivesTheLogitsOfTheirNumbers) {
  const torch::NoGradGuard no_grad;
  NamedTensors narrow = Weights(), wide = narrow;
  for (size_t i = 0; i < narrow.size(); ++i) {
    narrow[i].second = narrow[i].second.to(torch::kBFloat16);
    wide[i].second = narrow[i].second.to(torch::kFloat32);
  }
  Write("model.safetensors", wide);
  const auto of_wide = Import();
  std::filesystem::remove(folder_ / "hf/model.safetensors");
  Write("model.safetensors", narrow);
  const auto of_narrow = Import();
  ASSERT_TRUE(of_wide.ok() && of_narrow.ok()) << of_narrow.status();
  for (const auto& [name, tensor] : Parameters(*of_narrow->model)) {
    const bool text = name.starts_with("model.") || name == "embed_tokens" || name == "lm_head";
    EXPECT_EQ(tensor.scalar_type() == torch::kBFloat16, text && tensor.dim() == 2) << name;
  }
  const Tensor id_BT = SomeIds(of_wide->layout.vocabulary.document());
  const int64_t ids = of_wide->layout.vocabulary.text_size();
  EXPECT_TRUE(at::allclose(TextLogits(*of_narrow->model, id_BT).narrow(2, 0, ids),
                           TextLogits(*of_wide->model, id_BT).narrow(2, 0, ids), 1e-5, 1e-5));
}

TEST_F(Llama, IsRefusedIfItIsNotWholeOrOfAnotherShape) {
  const NamedTensors all = Weights();
  NamedTensors changed(all.begin() + 1, all.end());
  Write("model.safetensors", changed);
  ExpectRefused("lack " + all.front().first);
  changed.insert(changed.begin(), {all.front().first, at::zeros({3})});
  Write("model.safetensors", changed);
  ExpectRefused(all.front().first + " is float [3], not numbers of shape ");
  changed = all;
  changed.emplace_back("model.layers.0.extra.weight", at::zeros({3}));
  Write("model.safetensors", changed);
  ExpectRefused("has a tensor model.layers.0.extra.weight, which has no place here");
}

TEST_F(Llama, TakesTheSentencepieceModelBesideATokenizerJsonThatIsNotReadHere) {
  folder_.Write("hf/tokenizer.json", R"({"model": {"type": "Unigram"}})");
  const auto run = Import();
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->config.tokenizer.path, folder_ / "hf/tokenizer.model");
  std::filesystem::remove(folder_ / "hf/tokenizer.model");
  ExpectRefused("hf/tokenizer.json' is no tokenizer.json that is read here: model.type Unigram");
}

TEST_F(Llama, DecidesItsOwnKeys) {
  ExpectRefused("model.width is 16 in the checkpoint, and cannot be chosen", {"model.width=32"});
  ExpectRefused("model.autoencoder: a checkpoint has no autoencoder",
                {"model.autoencoder.kind=fsq"});
}

TEST_F(Llama, ReplacesNoFolder) {
  EXPECT_EQ(ExportLlama(run_, folder_ / "hf", Files()).message(),
            absl::StrCat("'", folder_ / "hf", "' is there already; name a folder that is not"));
}

}  // namespace
}  // namespace tessera
