#include "run/llama_config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "config/status.h"
#include "files/json.h"

namespace tessera {
namespace {

struct Family {
  const char* architecture;
  const char* type;
  bool qkv_bias, qk_norm;
};
// In the order in which a model is written as the first that fits.
constexpr Family kFamilies[] = {{"LlamaForCausalLM", "llama", false, false},
                                {"MistralForCausalLM", "mistral", false, false},
                                {"Qwen2ForCausalLM", "qwen2", true, false},
                                {"Qwen3ForCausalLM", "qwen3", false, true}};

// Keys that say nothing of what the model computes, or that are looked at by themselves.
constexpr const char* kKnownKeys[] = {"vocab_size",
                                      "hidden_size",
                                      "intermediate_size",
                                      "num_hidden_layers",
                                      "num_attention_heads",
                                      "num_key_value_heads",
                                      "head_dim",
                                      "rms_norm_eps",
                                      "rope_theta",
                                      "tie_word_embeddings",
                                      "max_position_embeddings",
                                      "bos_token_id",
                                      "eos_token_id",
                                      "pad_token_id",
                                      "attention_dropout",
                                      "initializer_range",
                                      "use_cache",
                                      "pretraining_tp",
                                      "max_window_layers",
                                      "sliding_window",
                                      "use_sliding_window",
                                      "is_llama_config",
                                      "return_dict",
                                      "chunk_size_feed_forward"};

using Number = std::optional<double>;

bool IsOff(const Json& json) {
  const auto* flag = std::get_if<bool>(&json.value);
  return std::holds_alternative<std::nullptr_t>(json.value) || (flag != nullptr && !*flag) ||
         json.AsNumber() == 0;
}

const Json* Set(const Json& json, std::string_view key) {
  const Json* found = json.Find(key);
  return found == nullptr || std::holds_alternative<std::nullptr_t>(found->value) ? nullptr : found;
}

Number NumberAt(const Json& json, std::string_view key) {
  const Json* found = Set(json, key);
  const double number = found != nullptr ? found->AsNumber() : std::nan("");
  return std::isnan(number) ? std::nullopt : Number(number);
}

bool IsTrue(const Json& json, std::string_view key) {
  const Json* found = Set(json, key);
  const auto* flag = found != nullptr ? std::get_if<bool>(&found->value) : nullptr;
  return flag != nullptr && *flag;
}

std::string TextAt(const Json& json, std::string_view key) {
  const Json* found = Set(json, key);
  return found != nullptr && found->AsString() != nullptr ? *found->AsString() : "";
}

absl::Status Refused(std::string_view key, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("its ", std::string(key), " ", std::string(why)));
}

absl::StatusOr<Family> FamilyOf(const Json& json) {
  const Json* list = Set(json, "architectures");
  const bool named = list != nullptr && list->AsArray() != nullptr && !list->AsArray()->empty() &&
                     list->AsArray()->front().AsString() != nullptr;
  const std::string name = named ? *list->AsArray()->front().AsString() : "";
  std::vector<std::string> known;
  for (const Family& family : kFamilies) {
    if (name == family.architecture ||
        (name.empty() && TextAt(json, "model_type") == family.type)) {
      return family;
    }
    known.emplace_back(family.architecture);
  }
  return Refused("architecture", absl::StrCat(name.empty() ? "is not said" : "is " + name,
                                              "; it must be one of ", absl::StrJoin(known, ", ")));
}

// What is on here and is not built.
absl::Status CheckMathematics(const Json& json, const Family& family) {
  if (const std::string act = TextAt(json, "hidden_act"); !act.empty() && act != "silu") {
    return Refused("hidden_act", absl::StrCat("is ", act, ", and only silu is built"));
  }
  const bool mistral = family.type == std::string_view("mistral");
  const bool windowed = mistral || IsTrue(json, "use_sliding_window");
  const bool silent = mistral && json.Find("sliding_window") == nullptr;  // then it is 4096
  const Number window = silent     ? Number(4096)
                        : windowed ? NumberAt(json, "sliding_window")
                                   : std::nullopt;
  if (window && *window < NumberAt(json, "max_position_embeddings").value_or(INFINITY)) {
    return Refused("sliding_window",
                   absl::StrCat("of ", *window,
                                " is shorter than its max_position_embeddings, and attention to a "
                                "window is not built; set it to null if your rows are shorter"));
  }
  const Json* layers = Set(json, "layer_types");
  for (const Json& layer : layers && layers->AsArray() ? *layers->AsArray() : JsonArray()) {
    const std::string* type = layer.AsString();
    if (type == nullptr ||
        (*type != "full_attention" && !(windowed && *type == "sliding_attention"))) {
      return Refused("layer_types", "has other layers than full_attention, which are not built");
    }
  }
  for (const auto& [key, value] : *json.AsObject()) {
    const bool known = std::ranges::find(kKnownKeys, key) != std::end(kKnownKeys);
    const bool set = !IsOff(value) &&
                     (std::holds_alternative<bool>(value.value) || !std::isnan(value.AsNumber()));
    if ((set && !known) || (key == "quantization_config" && !IsOff(value))) {
      return Refused(key,
                     "is not known here and may change what it computes; remove the key from "
                     "config.json if it does not");
    }
  }
  return absl::OkStatus();
}

// rope_scaling of older files, rope_parameters of newer ones.
absl::Status ReadRotary(const Json& json, ModelConfig* model) {
  model->rope_theta = NumberAt(json, "rope_theta").value_or(10000);
  const Json* newer = Set(json, "rope_parameters");
  const Json* scaling = newer != nullptr ? newer : Set(json, "rope_scaling");
  if (scaling == nullptr) {
    return absl::OkStatus();
  }
  model->rope_theta = NumberAt(*scaling, "rope_theta").value_or(model->rope_theta);
  const std::string newer_type = TextAt(*scaling, "rope_type");
  const std::string type = newer_type.empty() ? TextAt(*scaling, "type") : newer_type;
  if (NumberAt(*scaling, "partial_rotary_factor").value_or(1) != 1) {
    return Refused("partial_rotary_factor", "is not 1, which is not built");
  }
  if (type == "default") {
    return absl::OkStatus();
  }
  const Number factor = NumberAt(*scaling, "factor"), low = NumberAt(*scaling, "low_freq_factor"),
               high = NumberAt(*scaling, "high_freq_factor"),
               context = NumberAt(*scaling, "original_max_position_embeddings");
  if (type != "llama3" || !factor || !low || !high || !context) {
    return Refused(
        "rope_scaling",
        absl::StrCat("of type '", type, "' is not built; only llama3, whole, and default are"));
  }
  model->rope_scaling = {*factor, *low, *high, static_cast<int64_t>(*context)};
  return absl::OkStatus();
}

absl::Status ReadSizes(const Json& json, const Family& family, LlamaConfig* config) {
  ModelConfig& model = config->model;
  const Json heads{static_cast<int64_t>(NumberAt(json, "num_attention_heads").value_or(0))};
  for (const auto& [key, into] : {std::pair("hidden_size", &model.width),
                                  {"intermediate_size", &model.ffn},
                                  {"num_hidden_layers", &model.layers},
                                  {"num_attention_heads", &model.heads},
                                  {"num_key_value_heads", &model.kv_heads},
                                  {"vocab_size", &config->ids}}) {
    const bool as_heads = into == &model.kv_heads && !family.qkv_bias && !family.qk_norm;
    const Json* found = Set(json, key);
    found = found == nullptr && as_heads ? &heads : found;  // as Llama has it
    const auto* number = found != nullptr ? std::get_if<int64_t>(&found->value) : nullptr;
    if (number == nullptr || *number < 1) {
      return Refused(key, "is no positive whole number");
    }
    *into = *number;
  }
  const double other = family.qk_norm ? 128 : 0;  // what Qwen3 has where nothing is said
  model.head_dim = static_cast<int64_t>(NumberAt(json, "head_dim").value_or(other));
  if (model.head_dim * model.heads == model.width) {
    model.head_dim = 0;
  }
  return absl::OkStatus();
}

// A single id, or the first of a list.
std::optional<int64_t> IdAt(const Json& json, std::string_view key, int64_t ids) {
  const Json* found = Set(json, key);
  if (found != nullptr && found->AsArray() != nullptr && !found->AsArray()->empty()) {
    found = &found->AsArray()->front();
  }
  const auto* id = found != nullptr ? std::get_if<int64_t>(&found->value) : nullptr;
  return id != nullptr && *id >= 0 && *id < ids ? std::optional(*id) : std::nullopt;
}

JsonObject RotaryOf(const ModelConfig& model) {
  const RopeScalingConfig& scaling = model.rope_scaling;
  return scaling.factor == 1
             ? JsonObject{{"rope_theta", {model.rope_theta}}, {"rope_type", {"default"}}}
             : JsonObject{{"rope_theta", {model.rope_theta}},
                          {"rope_type", {"llama3"}},
                          {"factor", {scaling.factor}},
                          {"low_freq_factor", {scaling.low}},
                          {"high_freq_factor", {scaling.high}},
                          {"original_max_position_embeddings", {scaling.context}}};
}

}  // namespace

absl::StatusOr<LlamaConfig> ParseLlamaConfig(std::string_view text) {
  ASSIGN_OR_RETURN(const Json json, ParseJson(text));
  if (json.AsObject() == nullptr) {
    return absl::InvalidArgumentError("it is no JSON object");
  }
  ASSIGN_OR_RETURN(const Family family, FamilyOf(json));
  RETURN_IF_ERROR(CheckMathematics(json, family));
  LlamaConfig config;
  RETURN_IF_ERROR(ReadSizes(json, family, &config));
  RETURN_IF_ERROR(ReadRotary(json, &config.model));
  config.model.qkv_bias = family.qkv_bias;
  config.model.qk_norm = family.qk_norm;
  config.model.norm_epsilon = NumberAt(json, "rms_norm_eps").value_or(1e-6);
  config.model.tie_text_head = IsTrue(json, "tie_word_embeddings");
  config.context = static_cast<int64_t>(NumberAt(json, "max_position_embeddings").value_or(0));
  config.begin = IdAt(json, "bos_token_id", config.ids);
  config.end = IdAt(json, "eos_token_id", config.ids);
  return config;
}

bool IsLlamaKey(const std::string& path) {
  constexpr std::array kKeys = {"width",        "layers",        "heads",     "kv_heads",
                                "head_dim",     "ffn",           "qk_norm",   "qkv_bias",
                                "norm_epsilon", "tie_text_head", "rope_theta"};
  return path.starts_with("model.rope_scaling.") ||
         std::ranges::any_of(kKeys,
                             [&](const char* key) { return path == absl::StrCat("model.", key); });
}

absl::StatusOr<std::string> WriteLlamaConfig(const LlamaConfig& config) {
  const ModelConfig& model = config.model;
  const auto family = std::ranges::find_if(kFamilies, [&](const Family& f) {
    return f.qkv_bias == model.qkv_bias && f.qk_norm == model.qk_norm;
  });
  if (family == std::end(kFamilies)) {
    return absl::InvalidArgumentError(
        "model.qkv_bias and model.qk_norm are both on, and transformers has no such model");
  }
  const JsonObject rotary = RotaryOf(model);
  const bool scaled = model.rope_scaling.factor != 1;
  const Json none{nullptr};
  const JsonObject json = {{"architectures", {JsonArray(1, Json{family->architecture})}},
                           {"model_type", {family->type}},
                           {"vocab_size", {config.ids}},
                           {"hidden_size", {model.width}},
                           {"intermediate_size", {model.ffn}},
                           {"num_hidden_layers", {model.layers}},
                           {"num_attention_heads", {model.heads}},
                           {"num_key_value_heads", {model.kv_heads}},
                           {"head_dim", {model.head_size()}},
                           {"hidden_act", {"silu"}},
                           {"rms_norm_eps", {model.norm_epsilon}},
                           {"rope_theta", {model.rope_theta}},
                           {"rope_scaling", scaled ? Json{rotary} : none},
                           {"rope_parameters", {rotary}},
                           {"max_position_embeddings", {config.context}},
                           {"tie_word_embeddings", {model.tie_text_head}},
                           {"attention_bias", {false}},
                           {"attention_dropout", {0.0}},
                           {"use_sliding_window", {false}},
                           {"bos_token_id", config.begin ? Json{*config.begin} : none},
                           {"eos_token_id", config.end ? Json{*config.end} : none},
                           {"torch_dtype", {"float32"}}};
  return DumpJson({json}, /*indented=*/true) + "\n";
}

}  // namespace tessera
