#include "run/adapter.h"

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "config/status.h"
#include "files/json.h"
#include "ops/hash.h"
#include "ops/random.h"
#include "run/parameter_role.h"
#include "run/safetensors.h"

namespace tessera {
namespace {

constexpr char kPrefix[] = "base_model.model.";  // PEFT's, of every name

// PEFT names modules; a parameter that is no module's weight stands for one.
std::string PathOf(const std::string& name) {
  return std::string(absl::StripSuffix(name, ".weight"));
}

// Embeddings are tables of which rows are read: a change of low rank is not meant for them.
bool IsLinearMap(const ParameterRoles& roles, const std::string& name, const Tensor& tensor) {
  const auto role = roles.find(name);  // a buffer has none
  return tensor.dim() == 2 && role != roles.end() && role->second != ParameterRole::kEmbedding;
}

// Uniform with variance 1 / (3 columns): the common initialisation of a linear layer.
Tensor Draw(torch::IntArrayRef sizes, at::Generator rng) {
  const double bound = 1 / std::sqrt(static_cast<double>(sizes[1]));
  return at::empty(sizes, torch::kFloat32).uniform_(-bound, bound, rng);
}

}  // namespace

absl::StatusOr<Adapters> Adapters::Attach(const NamedTensors& parameters,
                                          const ParameterRoles& roles, const AdapterConfig& config,
                                          int64_t seed) {
  NamedTensors maps;
  for (const auto& [name, parameter] : parameters) {
    if (IsLinearMap(roles, name, parameter)) {
      maps.emplace_back(name, parameter);
    }
  }
  ASSIGN_OR_RETURN(const NamedTensors targets,
                   SelectByName(maps, config.targets, "train.adapter.targets: no linear map"));
  for (const auto& [name, parameter] : parameters) {
    Tensor(parameter).requires_grad_(false);
  }
  Adapters adapters(targets, config, seed);
  adapters.base_hash_ = absl::StrFormat("%016x", HashBytes(WriteSafetensors(parameters)));
  return adapters;
}

Adapters::Adapters(const NamedTensors& targets, const AdapterConfig& config, int64_t seed)
    : config_(config), seed_(seed), scale_(config.alpha / static_cast<double>(config.rank)) {
  for (const auto& [name, weight_OI] : targets) {
    const auto rng = MakeGenerator(torch::kCPU, seed, Stream::kAdapter, 0, adapters_.size());
    const bool zero_a = config.zero == ZeroSide::kA;
    const int64_t outputs = weight_OI.size(0), inputs = weight_OI.size(1), rank = config.rank;
    Tensor a_RI = zero_a ? at::zeros({rank, inputs}) : Draw({rank, inputs}, rng);
    Tensor b_OR = zero_a ? Draw({outputs, rank}, rng) : at::zeros({outputs, rank});
    adapters_.push_back({PathOf(name),
                         Tensor(weight_OI).requires_grad_(),
                         weight_OI.detach().clone(),
                         a_RI.to(weight_OI.device()).requires_grad_(),
                         b_OR.to(weight_OI.device()).requires_grad_(),
                         {}});
  }
}

NamedTensors Adapters::Parameters() const {
  NamedTensors parameters;
  for (const Adapter& adapter : adapters_) {
    parameters.emplace_back(kPrefix + adapter.path + kAdapterA, adapter.a_RI);
    parameters.emplace_back(kPrefix + adapter.path + kAdapterB, adapter.b_OR);
  }
  return parameters;
}

Tensor Adapters::Reading(const Adapter& adapter) {
  return adapter.kept_I.defined() ? adapter.a_RI * adapter.kept_I : adapter.a_RI;
}

void Adapters::Compose() {
  const torch::NoGradGuard no_grad;
  for (Adapter& adapter : adapters_) {
    at::addmm_out(adapter.weight_OI, adapter.base_OI, adapter.b_OR, Reading(adapter), /*beta=*/1,
                  /*alpha=*/scale_);
  }
}

void Adapters::Apply() {
  for (Adapter& adapter : adapters_) {
    adapter.kept_I = Tensor();
  }
  Compose();
}

void Adapters::DropInputs(int64_t step) {
  if (config_.dropout == 0) {
    return;
  }
  const torch::NoGradGuard no_grad;
  const double kept = 1 - config_.dropout;
  for (size_t i = 0; i < adapters_.size(); ++i) {
    Adapter& adapter = adapters_[i];
    const auto rng =
        MakeGenerator(torch::kCPU, seed_, Stream::kAdapter, static_cast<uint64_t>(step) + 1, i);
    const Tensor kept_I = at::empty({adapter.a_RI.size(1)}, torch::kFloat32).bernoulli_(kept, rng);
    adapter.kept_I = kept_I.div_(kept).to(adapter.a_RI.device());
  }
  Compose();
}

void Adapters::CollectGradients() {
  const torch::NoGradGuard no_grad;
  const auto add = [](Tensor& parameter, const Tensor& gradient) {
    const Tensor& before = parameter.grad();
    parameter.mutable_grad() = before.defined() ? before + gradient : gradient;
  };
  for (Adapter& adapter : adapters_) {
    const Tensor gradient_OI = adapter.weight_OI.grad();
    if (!gradient_OI.defined()) {
      continue;
    }
    const Tensor a_RI = adapter.b_OR.t().mm(gradient_OI) * scale_;
    add(adapter.a_RI, adapter.kept_I.defined() ? a_RI * adapter.kept_I : a_RI);
    add(adapter.b_OR, gradient_OI.mm(Reading(adapter).t()) * scale_);
    adapter.weight_OI.mutable_grad() = Tensor();
  }
}

std::string PeftConfig(const AdapterConfig& config, const Adapters& adapters,
                       const std::string& base) {
  JsonArray targets;
  for (const auto& [name, tensor] : adapters.Parameters()) {
    if (name.ends_with(kAdapterA)) {
      targets.push_back(
          {std::string(absl::StripPrefix(absl::StripSuffix(name, kAdapterA), kPrefix))});
    }
  }
  const JsonObject json = {{"peft_type", {"LORA"}},
                           {"task_type", {nullptr}},
                           {"base_model_name_or_path", {base}},
                           {"revision", {adapters.base_hash()}},
                           {"r", {config.rank}},
                           {"lora_alpha", {config.alpha}},
                           {"lora_dropout", {config.dropout}},
                           {"target_modules", {std::move(targets)}},
                           {"bias", {"none"}},
                           {"fan_in_fan_out", {false}},
                           {"inference_mode", {true}}};
  return DumpJson({json}, /*indented=*/true) + "\n";
}

}  // namespace tessera
