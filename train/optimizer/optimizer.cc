#include "train/optimizer/optimizer.h"

#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <functional>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tessera {
namespace {

MuonOptions MuonOptionsOf(const OptimizerConfig& config) {
  const bool half = IsBf16(config.muon_precision);
  return {.lr = config.muon_lr,
          .momentum = config.muon_momentum,
          .weight_decay = config.weight_decay,
          .dtype = half ? torch::kBFloat16 : torch::kFloat32};
}

// Those that need a gradient, shared out among the ranks: the largest first, each to the rank that
// has least so far. In one part without `shard`, or on the only rank.
std::vector<NamedTensors> Own(const NamedTensors& parameters, bool shard, const Ranks& ranks) {
  NamedTensors trained;
  std::ranges::copy_if(parameters, std::back_inserter(trained),
                       [](const auto& named) { return named.second.requires_grad(); });
  if (!shard || ranks.alone()) {
    return {trained};
  }
  std::ranges::stable_sort(trained, std::greater(),
                           [](const auto& named) { return named.second.numel(); });
  std::vector<NamedTensors> owned(ranks.size());
  std::vector<int64_t> numbers(ranks.size());
  for (const auto& named : trained) {
    const auto least = std::ranges::min_element(numbers) - numbers.begin();
    owned[least].push_back(named);
    numbers[least] += named.second.numel();
  }
  return owned;
}

// Names and shapes, a line each.
std::string Describe(const NamedTensors& tensors) {
  std::string lines;
  for (const auto& [name, tensor] : tensors) {
    absl::StrAppend(&lines, name, " ", absl::StrJoin(tensor.sizes(), " "), "\n");
  }
  return lines;
}

// Empty tensors of that description.
NamedTensors Described(const std::string& lines) {
  NamedTensors tensors;
  for (const absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    std::vector<int64_t> sizes;
    std::ranges::transform(words.begin() + 1, words.end(), std::back_inserter(sizes),
                           [](const std::string& word) { return std::stoll(word); });
    tensors.emplace_back(words[0], at::empty(sizes, torch::kFloat32));
  }
  return tensors;
}

}  // namespace

Optimizer::Split Optimizer::SplitByUpdate(const NamedTensors& parameters, const RoleOfName& role,
                                          OptimizerKind kind) {
  Split split;
  for (const auto& named : parameters) {
    const auto& [name, parameter] = named;
    const ParameterRole its_role = role(name);
    if (parameter.dim() < 2 || its_role == ParameterRole::kEmbedding) {
      split.undecayed.push_back(named);
    } else if (kind == OptimizerKind::kMuon && parameter.dim() == 2 &&
               its_role == ParameterRole::kHidden) {
      split.hidden.push_back(named);
    } else if (its_role == ParameterRole::kAdapterB) {
      split.adapter_b.push_back(named);
    } else {
      split.decayed.push_back(named);
    }
  }
  return split;
}

Optimizer::Optimizer(const NamedTensors& parameters, const RoleOfName& role,
                     const TrainConfig& config, const Ranks& ranks)
    : Optimizer(Own(parameters, config.optimizer.shard, ranks), role, config, ranks) {
  for (const auto& [name, parameter] : parameters) {
    if (parameter.requires_grad()) {
      parameters_.push_back(parameter);
    }
  }
}

Optimizer::Optimizer(std::vector<NamedTensors> owned, const RoleOfName& role,
                     const TrainConfig& config, const Ranks& ranks)
    : Optimizer(
          SplitByUpdate(owned[owned.size() > 1 ? ranks.rank() : 0], role, config.optimizer.kind),
          config, owned.size() > 1 ? Ranks() : ranks) {
  ranks_ = ranks;
  owned_ = std::move(owned);
}

Optimizer::Optimizer(const Split& split, const TrainConfig& config, const Ranks& muon_ranks)
    : adamw_({{split.decayed, config.optimizer.weight_decay},
              {split.undecayed},
              {split.adapter_b, config.optimizer.weight_decay, config.adapter.lr_ratio}},
             {.lr = config.optimizer.lr,
              .beta1 = config.optimizer.beta1,
              .beta2 = config.optimizer.beta2}),
      muon_(split.hidden, MuonOptionsOf(config.optimizer), muon_ranks) {}

void Optimizer::ZeroGrad() {
  for (Tensor& parameter : parameters_) {
    parameter.mutable_grad() = Tensor();
  }
}

double Optimizer::ClipGradients(double max_norm) {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> grads;
  Tensor norm_P = at::zeros({std::ssize(parameters_)});
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (const Tensor& grad = parameters_[i].grad(); grad.defined()) {
      grads.push_back(grad);
      norm_P[static_cast<int64_t>(i)].copy_(at::linalg_vector_norm(grad));
    }
  }
  const double norm = norm_P.norm().item<double>();
  if (max_norm > 0 && norm > max_norm) {
    at::_foreach_mul_(grads, max_norm / norm);
  }
  return norm;
}

void Optimizer::Step(double lr_factor) {
  adamw_.Step(lr_factor);
  muon_.Step(lr_factor);
  if (!whole()) {
    HandOut();
  }
}

// All parameters of a rank travel as one.
void Optimizer::HandOut() {
  const torch::NoGradGuard no_grad;
  for (size_t rank = 0; rank < owned_.size(); ++rank) {
    std::vector<Tensor> flat;
    for (const auto& [name, parameter] : owned_[rank]) {
      flat.push_back(parameter.detach().view({-1}));
    }
    if (flat.empty()) {
      continue;
    }
    const Tensor all = ranks_.From(static_cast<int64_t>(rank), at::cat(flat));
    int64_t begin = 0;
    for (Tensor& parameter : flat) {
      parameter.copy_(all.narrow(0, begin, parameter.numel()));
      begin += parameter.numel();
    }
  }
}

NamedTensors Optimizer::State() const {
  NamedTensors state = adamw_.State();
  for (auto& tensor : muon_.State()) {
    state.push_back(std::move(tensor));
  }
  return state;
}

NamedTensors Optimizer::WholeState() const {
  NamedTensors all = whole() ? State() : GatherState();
  std::ranges::sort(all, {}, &NamedTensors::value_type::first);  // one order for any ranks
  return all;
}

NamedTensors Optimizer::GatherState() const {
  const NamedTensors mine = State();
  const std::vector<std::string> described = ranks_.Gather(Describe(mine));
  std::map<std::string, Tensor> all;
  for (int64_t rank = 0; rank < ranks_.size(); ++rank) {
    NamedTensors its = rank == ranks_.rank() ? mine : Described(described[rank]);
    for (const auto& [name, tensor] : its) {
      const Tensor sent = ranks_.From(rank, tensor);
      if (ranks_.writes()) {
        all.try_emplace(name, sent);  // "adamw.steps" comes from each
      }
    }
  }
  return {all.begin(), all.end()};
}

}  // namespace tessera
