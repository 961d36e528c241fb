#include "heads/sampler/amed.h"

#include <ATen/Functions.h>

#include <cmath>

#include "heads/sampler/sigma_path.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kSigmaFeatures = 8;

// Sines and cosines of log(sigma) at four frequencies an octave apart.
Tensor SigmaFeatures(double sigma, torch::TensorOptions options) {
  std::vector<double> features;
  for (int64_t i = 0; i < kSigmaFeatures / 2; ++i) {
    const double angle = std::log(sigma) * std::exp2(-i);
    features.insert(features.end(), {std::sin(angle), std::cos(angle)});
  }
  return torch::tensor(features, options);
}

// From 1 - range to 1 + range; 1 at 0.
Tensor NearOne(const Tensor& logit, double range) { return 1 + range * (logit / 2).tanh(); }

}  // namespace

AmedPredictor::AmedPredictor(const AmedConfig& config, int64_t patch_dim) : config_(config) {
  if (config.features > 0) {
    hidden_ = register_module("hidden", torch::nn::Linear(2 * patch_dim, config.hidden));
    features_ = register_module("features", torch::nn::Linear(config.hidden, config.features));
  }
  sigma_ = register_module("sigma", torch::nn::Linear(kSigmaFeatures, kSigmaFeatures));
  output_ = register_module("output", torch::nn::Linear(config.features + 2 * kSigmaFeatures, 3));
  const torch::NoGradGuard no_grad;
  at::Generator rng =
      MakeGenerator(torch::kCPU, static_cast<uint64_t>(config.seed), Stream::kInit, 0);
  for (Tensor& parameter : parameters()) {
    const double fan_in = static_cast<double>(parameter.size(-1));
    parameter.dim() == 2 ? parameter.normal_(0, 1 / std::sqrt(fan_in), rng) : parameter.zero_();
  }
  output_->weight.zero_();
}

AmedChoice AmedPredictor::Choose(const Tensor& y_ND, const Tensor& clean_ND, double from,
                                 double to) {
  const torch::TensorOptions options = output_->weight.options().requires_grad(false);
  std::vector<Tensor> read_NF;
  if (config_.features > 0) {
    const Tensor patch_NF = at::cat({y_ND / std::sqrt(1 + from * from), clean_ND}, 1).to(options);
    read_NF.push_back(features_(at::silu(hidden_(patch_NF))));
  }
  for (const double sigma : {from, to}) {
    read_NF.push_back(
        at::silu(sigma_(SigmaFeatures(sigma, options))).expand({y_ND.size(0), kSigmaFeatures}));
  }
  const std::vector<Tensor> logits_N1 =
      output_(at::cat(read_NF, 1)).to(y_ND.scalar_type()).split(1, 1);
  return {logits_N1[0].sigmoid(), NearOne(logits_N1[1], config_.direction_range),
          NearOne(logits_N1[2], config_.time_range)};
}

Tensor AmedStep(AmedPredictor& predictor, const CleanAt& clean_at, const Tensor& y_ND,
                const Tensor& clean_ND, const AmedInterval& interval) {
  const double from = interval.from, to = interval.to;
  const AmedChoice choice = predictor.Choose(y_ND, clean_ND, from, to);
  const Tensor middle_N1 = from * (choice.r_N1 * std::log(to / from)).exp();
  const Tensor middle_ND = y_ND + (middle_N1 / from - 1) * (y_ND - clean_ND);
  const Tensor clean_middle_ND = clean_at(middle_ND, choice.a_N1 * middle_N1);
  return y_ND + choice.c_N1 * (to - from) * (middle_ND - clean_middle_ND) / middle_N1;
}

Tensor Amed(const SamplerRun& run, const Tensor& x_ND) {
  TORCH_CHECK(run.amed != nullptr && run.clean_at,
              "sampler amed has no predictor: fit one with `tessera amed`");
  const auto sigma = [&](size_t i) { return run.levels[i].sigma / run.levels[i].alpha; };
  Tensor y_ND = x_ND / run.levels.front().alpha;
  for (size_t i = 0; i + 1 < run.levels.size(); ++i) {
    const Tensor clean_ND = ExpectedAt(run, y_ND, static_cast<int64_t>(i));
    y_ND = AmedStep(*run.amed, run.clean_at, y_ND, clean_ND, {sigma(i), sigma(i + 1)});
  }
  return y_ND;
}

}  // namespace tessera
