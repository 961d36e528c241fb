// Adapters of PEFT written by hand; tests/run/peft_slow_test.cc has those of the package itself.
#include "run/peft_adapter.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "config/toml.h"
#include "run/safetensors.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

constexpr char kPlain[] =
    R"({"peft_type": "LORA", "r": 2, "lora_alpha": 4, "bias": "none", "modules_to_save": null)";
constexpr char kDown[] = "base_model.model.model.layers.0.mlp.down_proj.";

class PeftAdapter : public testing::Test {
 protected:
  PeftAdapter() {
    RunConfig config;
    const absl::Status status = FromToml(
        "model = {grids = [\"2x2\"], width = 8, layers = 1, heads = 2, kv_heads = 1, ffn = 12}",
        "test", {}, &config);
    EXPECT_TRUE(status.ok()) << status;
    run_ = std::make_unique<tessera::Run>(
        *MakeRun(config, *Tokenizer::Train({"a red circle"}, {.size = 300})));
    factors_ = {{std::string(kDown) + "lora_A.weight", at::ones({2, 12})},
                {std::string(kDown) + "lora_B.weight", at::ones({8, 2})}};
  }

  absl::Status Merge(const std::string& more = "") {
    folder_.Write("adapter_config.json", kPlain + more + "}");
    folder_.Write("adapter_model.safetensors", WriteSafetensors(factors_));
    return MergePeftAdapter(folder_.path(), Files(), run_.get());
  }

  void ExpectRefused(const std::string& part, const std::string& more = "") {
    const NamedTensors parameters = Parameters(*run_->model);
    NamedTensors before;
    for (const auto& [name, tensor] : parameters) {
      before.emplace_back(name, tensor.detach().clone());
    }
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, std::string(Merge(more).message()));
    EXPECT_TRUE(AreEqual(parameters, before));
  }

  Tensor Down() const {
    for (const auto& [name, tensor] : Parameters(*run_->model)) {
      if (name == "model.layers.0.mlp.down_proj.weight") {
        return tensor.detach().clone();
      }
    }
    return {};
  }

  TempFolder folder_;
  std::unique_ptr<tessera::Run> run_;
  NamedTensors factors_;
};

TEST_F(PeftAdapter, AddsItsScaledProduct) {
  for (const auto& [more, change] :
       {std::pair("", 4.), {R"(, "use_rslora": true)", 8 / std::sqrt(2)}}) {
    const Tensor before = Down();
    ASSERT_TRUE(Merge(more).ok()) << Merge(more);
    EXPECT_TRUE(at::allclose(Down() - before, at::full({8, 12}, change), 1e-5, 1e-5)) << more;
  }
}

TEST_F(PeftAdapter, IsRefusedByTheNameOfWhatIsNotRead) {
  ExpectRefused("use_dora is true, which is not read here", R"(, "use_dora": true)");
  ExpectRefused("modules_to_save is [\"lm_head\"]", R"(, "modules_to_save": ["lm_head"])");
  ExpectRefused("rank_pattern is {\"q_proj\":8}", R"(, "rank_pattern": {"q_proj": 8})");
  ExpectRefused("alpha_pattern is", R"(, "alpha_pattern": {"q_proj": 8})");
  ExpectRefused("init_lora_weights is \"pissa\"", R"(, "init_lora_weights": "pissa")");
  ExpectRefused("bias is \"all\"", R"(, "bias": "all")");
  ExpectRefused("peft_type is not LORA", R"(, "peft_type": "IA3")");
  ExpectRefused("has no r of at least 1", R"(, "r": 0)");
}

TEST_F(PeftAdapter, IsRefusedIfItsFactorsAreOfAnotherModel) {
  factors_[0].second = at::ones({2, 11});
  ExpectRefused("the factors of model.layers.0.mlp.down_proj do not fit its matrix");
  factors_ = {factors_[1]};
  ExpectRefused("has a B without its A");
  factors_ = {{"base_model.model.model.embed_tokens.lora_embedding_A", at::ones({2, 8})}};
  ExpectRefused("lora_embedding_A is no factor of a linear map");
  factors_ = {{"base_model.model.model.layers.7.mlp.down_proj.lora_A.weight", at::ones({2, 12})}};
  ExpectRefused("model.layers.7.mlp.down_proj is no matrix of the imported checkpoint");
}

}  // namespace
}  // namespace tessera
