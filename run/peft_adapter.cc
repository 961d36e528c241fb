// O, I = outputs and inputs of a matrix, R = rank.
#include "run/peft_adapter.h"

#include <ATen/Functions.h>
#include <torch/utils.h>

#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "config/status.h"
#include "files/json.h"
#include "run/parameter_role.h"

namespace tessera {
namespace {

// What adapter_config.json may set without an effect here; any other value of these is refused.
bool IsPlain(const Json& value) {
  const bool* flag = std::get_if<bool>(&value.value);
  const std::string* text = value.AsString();
  return std::holds_alternative<std::nullptr_t>(value.value) || (flag != nullptr && !*flag) ||
         (text != nullptr && *text == "none") ||
         (value.AsArray() != nullptr && value.AsArray()->empty()) ||
         (value.AsObject() != nullptr && value.AsObject()->empty());
}

// What would make an adapter more than a change of low rank to each of its matrices.
constexpr const char* kUnread[] = {"use_dora",
                                   "modules_to_save",
                                   "rank_pattern",
                                   "alpha_pattern",
                                   "bias",
                                   "lora_bias",
                                   "fan_in_fan_out",
                                   "layer_replication",
                                   "target_parameters",
                                   "use_qalora",
                                   "use_bdlora",
                                   "trainable_token_indices",
                                   "kasa_config",
                                   "velora_config",
                                   "monteclora_config",
                                   "alora_invocation_tokens",
                                   "arrow_config",
                                   "megatron_config",
                                   "init_lora_weights"};

// Whether the adapter is a change to the checkpoint itself, not to what its first values left of
// it, as those of PiSSA, OLoRA, CorDA and LoftQ are.
bool BeginsAtBase(std::string_view key, const Json& value) {
  const bool* flag = std::get_if<bool>(&value.value);
  const std::string* text = value.AsString();
  return key == "init_lora_weights" &&
         (flag != nullptr ||
          (text != nullptr && (*text == "gaussian" || *text == "eva" || *text == "orthogonal")));
}

// Returns s, by which B A is scaled, if the adapter is one that is read here.
absl::StatusOr<double> ScaleOf(const std::string& path, const Files& files) {
  ASSIGN_OR_RETURN(const std::string text, files.Read(path));
  const absl::StatusOr<Json> json = ParseJson(text);
  const auto refuse = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", what));
  };
  if (!json.ok() || json->AsObject() == nullptr) {
    return refuse("is no JSON object");
  }
  const Json* kind = json->Find("peft_type");
  if (kind == nullptr || kind->AsString() == nullptr || *kind->AsString() != "LORA") {
    return refuse("peft_type is not LORA, the one kind of adapter that is read here");
  }
  for (const char* key : kUnread) {
    if (const Json* value = json->Find(key);
        value != nullptr && !IsPlain(*value) && !BeginsAtBase(key, *value)) {
      return refuse(absl::StrCat(key, " is ", DumpJson(*value),
                                 ", which is not read here; merge this adapter in PEFT "
                                 "(merge_and_unload) and import what that saves"));
    }
  }
  const Json *rank = json->Find("r"), *alpha = json->Find("lora_alpha");
  if (rank == nullptr || alpha == nullptr || !(rank->AsNumber() >= 1)) {
    return refuse("has no r of at least 1, or no lora_alpha");
  }
  const Json* root = json->Find("use_rslora");
  const bool by_root = root != nullptr && !IsPlain(*root);
  return alpha->AsNumber() / (by_root ? std::sqrt(rank->AsNumber()) : rank->AsNumber());
}

// The rows of a run's parameter for a module of the checkpoint; undefined if there is none.
Tensor MatrixOf(const std::string& module, const Run& run) {
  for (const auto& [name, parameter] : Parameters(*run.model)) {
    if (parameter.dim() == 2 && name.starts_with("model.") && name == module + ".weight") {
      return parameter;
    }
    if (name == "lm_head" && module == name) {
      return parameter;
    }
  }
  return {};
}

struct Change {
  Tensor weight, a_RI, b_OR;
};

absl::StatusOr<Change> ChangeOf(const std::string& module, const Tensor& a_RI, const Tensor* b_OR,
                                const Run& run) {
  const Change change{MatrixOf(module, run), a_RI, b_OR == nullptr ? Tensor() : *b_OR};
  if (!change.weight.defined()) {
    return absl::InvalidArgumentError(
        absl::StrCat(module, " is no matrix of the imported checkpoint"));
  }
  const int64_t outputs =
      module == "lm_head" ? run.layout.vocabulary.text_size() : change.weight.size(0);
  if (b_OR == nullptr || a_RI.dim() != 2 || b_OR->dim() != 2 ||
      a_RI.size(1) != change.weight.size(1) || b_OR->size(0) != outputs ||
      b_OR->size(1) != a_RI.size(0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the factors of ", module, " do not fit its matrix; was another checkpoint adapted?"));
  }
  return change;
}

// Pairs the factors of each matrix.
absl::StatusOr<std::vector<Change>> ChangesIn(const std::string& path, const Files& files,
                                              const Run& run) {
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(files, path));
  const std::map<std::string, Tensor> all(tensors.begin(), tensors.end());
  std::vector<Change> changes;
  for (const auto& [name, tensor] : tensors) {
    const std::string within(absl::StripPrefix(name, "base_model.model."));
    if (within == name || (!name.ends_with(kAdapterA) && !name.ends_with(kAdapterB))) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", path, "': ", name, " is no factor of a linear map, and not read here"));
    }
    if (name.ends_with(kAdapterB)) {
      continue;
    }
    const std::string module(absl::StripSuffix(within, kAdapterA));
    const auto b = all.find(absl::StrCat(absl::StripSuffix(name, kAdapterA), kAdapterB));
    const auto change = ChangeOf(module, tensor, b == all.end() ? nullptr : &b->second, run);
    if (!change.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", change.status().message()));
    }
    changes.push_back(*change);
  }
  return 2 * changes.size() == tensors.size()
             ? absl::StatusOr<std::vector<Change>>(std::move(changes))
             : absl::InvalidArgumentError(absl::StrCat("'", path, "' has a B without its A"));
}

}  // namespace

absl::Status MergePeftAdapter(const std::string& folder, const Files& files, Run* run) {
  ASSIGN_OR_RETURN(const double scale, ScaleOf(JoinPath(folder, kAdapterConfig), files));
  ASSIGN_OR_RETURN(const std::vector<Change> changes,
                   ChangesIn(JoinPath(folder, kAdapters), files, *run));
  const torch::NoGradGuard no_grad;
  for (const auto& [weight, a_RI, b_OR] : changes) {
    const Tensor wide = weight.to(torch::kFloat32, /*non_blocking=*/false, /*copy=*/true);
    wide.narrow(0, 0, b_OR.size(0))
        .addmm_(b_OR.to(torch::kFloat32), a_RI.to(torch::kFloat32), /*beta=*/1, /*alpha=*/scale);
    Tensor(weight).set_data(wide);
  }
  return absl::OkStatus();
}

}  // namespace tessera
