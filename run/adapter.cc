#include "run/adapter.h"

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "absl/strings/strip.h"
#include "config/status.h"
#include "files/json.h"
#include "ops/random.h"
#include "run/base_hash.h"
#include "run/parameter_role.h"

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
  Adapters adapters(targets, config, seed);
  for (const auto& [name, parameter] : parameters) {
    Tensor(parameter).requires_grad_(false);
    if (parameter.scalar_type() == torch::kBFloat16) {
      adapters.narrow_.push_back(parameter);
    }
  }
  adapters.base_hash_ = BaseHash(parameters);
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
    adapters_.push_back({PathOf(name), weight_OI, a_RI.to(weight_OI.device()).requires_grad_(),
                         b_OR.to(weight_OI.device()).requires_grad_()});
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

LowRankChanges Adapters::Changes() const {
  LowRankChanges changes;
  for (const Adapter& adapter : adapters_) {
    changes[adapter.weight_OI.storage().unsafeGetStorageImpl()] = {adapter.a_RI, adapter.b_OR,
                                                                   scale_};
  }
  return changes;
}

LowRankChanges Adapters::ChangesInStep(int64_t step) const {
  LowRankChanges changes = Changes();
  if (config_.dropout == 0) {
    return changes;
  }
  const double kept = 1 - config_.dropout;
  for (size_t i = 0; i < adapters_.size(); ++i) {
    const Adapter& adapter = adapters_[i];
    const auto rng =
        MakeGenerator(torch::kCPU, seed_, Stream::kAdapter, static_cast<uint64_t>(step) + 1, i);
    const Tensor kept_I = at::empty({adapter.a_RI.size(1)}, torch::kFloat32).bernoulli_(kept, rng);
    changes[adapter.weight_OI.storage().unsafeGetStorageImpl()].kept_I =
        kept_I.div_(kept).to(adapter.a_RI.device());
  }
  return changes;
}

void Adapters::Exchange(Tensor& parameter, const Tensor& value) {
  unfolded_.push_back({parameter, parameter.detach()});
  parameter.set_data(value);
}

void Adapters::Fold() {
  TORCH_CHECK(unfolded_.empty(), "the adapters are folded already");
  const torch::NoGradGuard no_grad;
  for (Adapter& adapter : adapters_) {
    const Tensor wide_OI = adapter.weight_OI.to(adapter.a_RI.scalar_type());
    Exchange(adapter.weight_OI, at::addmm(wide_OI, adapter.b_OR, adapter.a_RI, 1, scale_));
  }
  for (Tensor& parameter : narrow_) {
    if (parameter.scalar_type() == torch::kBFloat16) {  // the others have just become f32
      Exchange(parameter, parameter.to(torch::kFloat32));
    }
  }
}

void Adapters::Unfold() {
  for (Unfolded& unfolded : unfolded_) {
    unfolded.parameter.set_data(unfolded.before);
  }
  unfolded_.clear();
}

void Adapters::Merge() {
  Fold();
  unfolded_.clear();
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
