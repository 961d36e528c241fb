// Adapters as an operation beside their twin: whole steps of a model whose matrices hold the folded
// change, and whose gradients say what A and B would have.
// O, I = outputs and inputs of a linear map, R = rank.
#include <torch/types.h>
#include <torch/utils.h>

#include "absl/strings/strip.h"
#include "ops/random.h"
#include "run/adapter.h"
#include "run/parameter_role.h"
#include "tests/run/choices.h"

namespace tessera {
namespace {

constexpr double kScale = 2;
constexpr const char* kPrefix = "base_model.model.";

// A tiny model with adapters on all linear maps, and what a step of it is.
class Twins {
 public:
  Twins(Run made, Batch read) : run_(std::move(made)), step_{.batches = {std::move(read)}} {
    AdapterConfig config;
    config.targets = {"*"};
    config.rank = 2;
    config.alpha = kScale * 2;
    const NamedTensors parameters = Parameters(*run_.model);
    for (const auto& [name, parameter] : parameters) {
      parameters_[name] = parameter;
    }
    adapters_ = *Adapters::Attach(parameters, RolesOf(*run_.model), config, 1);
    const torch::NoGradGuard no_grad;
    uint64_t item = 0;
    for (const auto& [name, factor] : adapters_.Parameters()) {
      const auto rng = MakeGenerator(torch::kCPU, 1, Stream::kTest, 0, item++);
      Tensor(factor).add_(torch::randn(factor.sizes(), rng), .1);
    }
  }

  void ExpectEqual() {
    const StepLoss loss = Operation();
    const std::vector<Tensor> gradients = Gradients();
    const StepLoss twin = Folded();
    EXPECT_NEAR(loss.text, twin.text, 1e-5 * std::abs(twin.text));
    EXPECT_NEAR(loss.image, twin.image, 1e-5 * std::abs(twin.image));
    const std::vector<Tensor> twins = Gradients();
    const NamedTensors names = adapters_.Parameters();
    for (size_t i = 0; i < gradients.size(); ++i) {
      ASSERT_EQ(gradients[i].defined(), twins[i].defined()) << names[i].first;
      if (twins[i].defined()) {
        const double error = (gradients[i] - twins[i]).norm().item<double>();
        EXPECT_LE(error, 2e-5 * twins[i].norm().item<double>() + 1e-7) << names[i].first;
      }
    }
    for (const auto& [name, parameter] : parameters_) {
      EXPECT_FALSE(parameter.grad().defined()) << name;
    }
  }

 private:
  StepLoss Operation() {
    const LowRankScope adapted(adapters_.Changes());
    return AddGradientAlone(*run_.model, step_, run_.config.train);
  }

  // As adapters on nothing but folded matrices, which have a gradient.
  StepLoss Folded() {
    const FoldedScope folded(adapters_);
    for (Tensor& matrix_OI : Matrices()) {
      matrix_OI.requires_grad_();
    }
    const StepLoss loss = AddGradientAlone(*run_.model, step_, run_.config.train);
    const NamedTensors factors = adapters_.Parameters();
    const torch::NoGradGuard no_grad;
    std::vector<Tensor> matrices = Matrices();
    for (size_t i = 0; i < matrices.size(); ++i) {
      Tensor a_RI = factors[2 * i].second, b_OR = factors[2 * i + 1].second;
      a_RI.mutable_grad() = b_OR.mutable_grad() = Tensor();
      if (const Tensor g_OI = matrices[i].grad(); g_OI.defined()) {
        a_RI.mutable_grad() = kScale * b_OR.t().mm(g_OI);
        b_OR.mutable_grad() = kScale * g_OI.mm(a_RI.t());
      }
      matrices[i].mutable_grad() = Tensor();
      matrices[i].requires_grad_(false);
    }
    return loss;
  }

  // The matrices that have adapters, in their order.
  std::vector<Tensor> Matrices() const {
    std::vector<Tensor> matrices;
    for (const auto& [name, factor] : adapters_.Parameters()) {
      if (name.ends_with(kAdapterA)) {
        const std::string path(absl::StripPrefix(absl::StripSuffix(name, kAdapterA), kPrefix));
        const auto found = parameters_.find(path + ".weight");
        matrices.push_back(found == parameters_.end() ? parameters_.at(path) : found->second);
      }
    }
    return matrices;
  }

  std::vector<Tensor> Gradients() const {
    std::vector<Tensor> gradients;
    for (const auto& [name, factor] : adapters_.Parameters()) {
      gradients.push_back(factor.grad().defined() ? factor.grad().clone() : Tensor());
    }
    return gradients;
  }

  Run run_;
  StepInput step_;
  Adapters adapters_;
  std::map<std::string, Tensor> parameters_;
};

void ExpectEqualTwins(RunConfig config) {
  config.train.precision = Precision::kF32;
  auto run = MakeRun(config, ToyTokenizer());
  ASSERT_TRUE(run.ok()) << run.status();
  const Document told = {{"a red dot", NoisePicture(4, 4, 1)}};
  const Batch batch =
      PackRows({Layout(told, run->layout, run->tokenizer)}, {{0}}, run->layout.patch);
  Twins(*std::move(run), batch).ExpectEqual();
}

// All values of one key, beside defaults of the others.
void ExpectEqualForEach(size_t key) {
  const Choices& choices = Choices::All();
  for (size_t value = 0; value < choices.size(key); ++value) {
    Combination all = choices.defaults();
    all[key] = value;
    SCOPED_TRACE(choices.NameOf(all));
    const auto config = choices.Parse(all);
    ASSERT_TRUE(config.ok()) << config.status();
    ExpectEqualTwins(*config);
  }
}

TEST(AdapterTwins, AreEqualForEveryHead) { ExpectEqualForEach(0); }

TEST(AdapterTwins, AreEqualForEveryInput) { ExpectEqualForEach(6); }

TEST(AdapterTwins, AreEqualUnderEveryObjective) { ExpectEqualForEach(7); }

TEST(AdapterTwins, AreEqualWhetherTheTextHeadIsTiedOrNot) {
  for (const bool tied : {false, true}) {
    auto config = Choices::All().Parse(Choices::All().defaults());
    ASSERT_TRUE(config.ok()) << config.status();
    config->model.tie_text_head = tied;
    ExpectEqualTwins(*config);
  }
}

}  // namespace
}  // namespace tessera
