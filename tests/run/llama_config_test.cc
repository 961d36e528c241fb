#include "run/llama_config.h"

#include <gtest/gtest.h>

#include "absl/strings/str_replace.h"

namespace tessera {
namespace {

// As SmolLM2-135M says it.
constexpr char kSmol[] = R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
  "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": [7, 8],
  "hidden_act": "silu", "hidden_size": 576, "initializer_range": 0.04, "intermediate_size": 1536,
  "is_llama_config": true, "max_position_embeddings": 8192, "mlp_bias": false,
  "num_attention_heads": 9, "num_hidden_layers": 30, "num_key_value_heads": 3, "pretraining_tp": 1,
  "rms_norm_eps": 1e-05, "rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000,
  "tie_word_embeddings": true, "torch_dtype": "bfloat16", "use_cache": true, "vocab_size": 49152})";

using Change = std::pair<absl::string_view, absl::string_view>;

absl::StatusOr<LlamaConfig> Parse(std::initializer_list<Change> changes) {
  return ParseLlamaConfig(absl::StrReplaceAll(kSmol, changes));
}

TEST(LlamaConfig, ReadsWhatACheckpointSays) {
  const LlamaConfig config = *Parse({});
  EXPECT_EQ(config.model.width, 576);
  EXPECT_EQ(config.model.layers, 30);
  EXPECT_EQ(config.model.heads, 9);
  EXPECT_EQ(config.model.kv_heads, 3);
  EXPECT_EQ(config.model.head_size(), 64);
  EXPECT_EQ(config.model.ffn, 1536);
  EXPECT_EQ(config.model.norm_epsilon, 1e-5);
  EXPECT_EQ(config.model.rope_theta, 1e5);
  EXPECT_TRUE(config.model.tie_text_head);
  EXPECT_FALSE(config.model.qk_norm || config.model.qkv_bias);
  EXPECT_EQ(config.ids, 49152);
  EXPECT_EQ(config.context, 8192);
  EXPECT_EQ(config.begin, 0);
  EXPECT_EQ(config.end, 7);
}

TEST(LlamaConfig, ReadsTheFrequenciesOfOlderAndNewerFiles) {
  const std::string llama3 =
      R"({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1, "high_freq_factor": 4.5,
          "original_max_position_embeddings": 64})";
  const RopeScalingConfig expected{8, 1, 4.5, 64};
  EXPECT_EQ(Parse({{"\"rope_scaling\": null", "\"rope_scaling\": " + llama3}})->model.rope_scaling,
            expected);
  const std::string newer = absl::StrReplaceAll(llama3, {{"{", R"({"rope_theta": 5, )"}});
  const auto config = Parse({{"\"rope_scaling\": null", "\"rope_parameters\": " + newer},
                             {", \"rope_theta\": 100000", ""}});
  EXPECT_EQ(config->model.rope_scaling, expected);
  EXPECT_EQ(config->model.rope_theta, 5);
}

TEST(LlamaConfig, IsReadAsItIsWritten) {
  const std::pair<bool, bool> kinds[] = {{false, false}, {true, false}, {false, true}};
  for (const auto& [bias, norm] : kinds) {
    LlamaConfig config = *Parse({});
    config.model.qkv_bias = bias;
    config.model.qk_norm = norm;
    config.model.head_dim = 32;
    config.model.rope_scaling.factor = norm ? 2 : 1;
    const auto read = ParseLlamaConfig(*WriteLlamaConfig(config));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->model, config.model);
    EXPECT_EQ(read->ids, config.ids);
    EXPECT_EQ(read->begin, config.begin);
  }
  LlamaConfig both = *Parse({});
  both.model.qkv_bias = both.model.qk_norm = true;
  EXPECT_EQ(WriteLlamaConfig(both).status().message(),
            "model.qkv_bias and model.qk_norm are both on, and transformers has no such model");
}

TEST(LlamaConfig, RefusesByItsNameWhatIsNotBuilt) {
  const auto expect = [](const Change& change, const char* part) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part,
                        std::string(Parse({change}).status().message()));
  };
  expect({"LlamaForCausalLM", "GemmaForCausalLM"},
         "its architecture is GemmaForCausalLM; it must be one of LlamaForCausalLM, ");
  expect({"silu", "gelu"}, "its hidden_act is gelu, and only silu is built");
  expect({"\"attention_bias\": false", "\"attention_bias\": true"}, "its attention_bias is not");
  expect({"\"rope_interleaved\": false", "\"rope_interleaved\": true"}, "its rope_interleaved is");
  expect({"\"use_cache\": true", "\"logit_scale\": 0.5"}, "its logit_scale is not known here");
  expect({"\"use_cache\": true", "\"quantization_config\": {}"}, "its quantization_config is not");
  expect({"\"rope_scaling\": null", R"("rope_scaling": {"type": "yarn", "factor": 4})"},
         "its rope_scaling of type 'yarn' is not built");
  expect({"\"use_cache\": true", R"("use_sliding_window": true, "sliding_window": 4096)"},
         "its sliding_window of 4096 is shorter than its max_position_embeddings");
  expect({"LlamaForCausalLM", "MistralForCausalLM"}, "its sliding_window of 4096 is shorter");
  expect({"\"use_cache\": true", R"("layer_types": ["linear_attention"])"}, "its layer_types has");
  expect({"\"hidden_size\": 576", "\"hidden_size\": 57.5"}, "its hidden_size is no positive whole");
  EXPECT_TRUE(Parse({{"\"use_cache\": true", R"("layer_types": ["full_attention"])"}}).ok());
  EXPECT_TRUE(Parse({{"\"use_cache\": true", R"("sliding_window": 4096)"}}).ok()) << "it is off";
  EXPECT_FALSE(ParseLlamaConfig("[]").ok());
}

}  // namespace
}  // namespace tessera
