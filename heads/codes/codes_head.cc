// A softmax over the codes of an autoencoder, which is trained before and stays as it is: the drawn
// patch is the decoded code. Symbols of a patch are drawn in turn: a whole vector's code each
// (joint), or a digit of one (independent of the others, or autoregressive: given those before).
// B = guidance, N = patches, Z = width of the condition, D = numbers a patch, S = symbols of a
// patch, C = values of one, O = of all, W = width.
#include <ATen/Functions.h>

#include <cmath>

#include "heads/codes/patch_autoencoder.h"
#include "heads/density_loss.h"
#include "heads/guidance_conditions.h"
#include "heads/trunk.h"
#include "ops/random.h"

namespace tessera {
namespace {

class CodesHead : public ImageHead {
 public:
  CodesHead(const HeadConfig& config, int64_t condition_dim,
            std::shared_ptr<PatchAutoencoder> autoencoder)
      : ImageHead(config), autoencoder_(std::move(autoencoder)) {
    TORCH_CHECK(autoencoder_ != nullptr && !autoencoder_->radices().empty(),
                "head codes needs an autoencoder that has codes");
    const std::vector<int64_t>& radices = autoencoder_->radices();
    for (int64_t vector = 0; vector < autoencoder_->vectors(); ++vector) {
      if (joint()) {
        radix_S_.push_back(NumCodes(radices));
      } else {
        radix_S_.insert(radix_S_.end(), radices.begin(), radices.end());
      }
    }
    for (const int64_t radix : radix_S_) {
      first_S_.push_back(num_values_);
      num_values_ += radix;
    }
    trunk_ = register_module(
        "trunk", Trunk(TrunkShape{config.width, config.depth, condition_dim, num_values_}));
    if (chained()) {
      symbol_OW_ = RegisterParameter(
          "symbol",
          at::randn({num_values_, config.width}) / std::sqrt(static_cast<double>(symbols())),
          ParameterRole::kEmbedding);
    }
  }

  // Nats of a vector's code.
  HeadLoss Loss(const Tensor& z_NZ, const Tensor& x_ND, at::Generator) override {
    const Tensor nats_N =
        Nats(z_NZ, x_ND, torch::kFloat) / static_cast<double>(autoencoder_->vectors());
    return {.mean = nats_N.mean(), .by_patch_N = nats_N.detach(), .level_M = {}, .by_level_M = {}};
  }

  Likelihood Measure(const Tensor& z_NZ, const Tensor& x_ND, const Measurement&) override {
    const torch::NoGradGuard no_grad;
    return {LikelihoodKind::kOfCodes,
            BitsOf(-Nats(z_NZ, x_ND, torch::kDouble).unsqueeze(1), x_ND.size(1))};
  }

 private:
  // Guided, the product of the guidance' probabilities to the power of their weights.
  Tensor SampleRows(const Conditions& conditions, const Sampling& sampling,
                    std::vector<at::Generator>& rngs) override {
    const Tensor z_BNZ = StackOf(conditions.guidance, &GuidanceCondition::z_NZ);
    const Tensor weight_BN1 =
        StackOf(conditions.guidance, &GuidanceCondition::weight_N1).to(torch::kDouble);
    const Tensor u_NS = RandRows(rngs, symbols(), z_BNZ.options().dtype(torch::kDouble));
    std::vector<Tensor> drawn;
    ForEachSymbol(z_BNZ, [&](int64_t s, const Tensor& logit_BNC) {
      const Tensor log_mass_BNC = logit_BNC.to(torch::kDouble).log_softmax(-1);
      drawn.push_back(DrawCode((weight_BN1 * log_mass_BNC).sum(0), sampling.config.temperature,
                               u_NS.select(1, s)));
      return drawn.back();
    });
    return autoencoder_->PatchesOf(DigitsOfSymbols(at::stack(drawn, 1))).to(SampleType(conditions));
  }

  bool joint() const { return config().codes.softmax == CodeSoftmax::kJoint; }
  bool chained() const {
    return config().codes.softmax != CodeSoftmax::kIndependent && symbols() > 1;
  }
  int64_t symbols() const { return std::ssize(radix_S_); }

  // next(s, logits [..., N, C]) of each symbol in turn gives its value [N], which the later ones
  // are conditioned on those before by a sum, as in heads/trunk.h.
  template <class Next>
  void ForEachSymbol(const Tensor& z, const Next& next) {
    Tensor state = trunk_->Embed(z), logits = trunk_->Finish(state);
    for (int64_t s = 0; s < symbols(); ++s) {
      if (s > 0 && chained()) {
        logits = trunk_->Finish(state);
      }
      const Tensor value_N = next(s, logits.narrow(-1, first_S_[s], radix_S_[s]));
      if (chained()) {
        state = state + at::embedding(symbol_OW_, value_N + first_S_[s]);
      }
    }
  }

  // The nats of all symbols of a patch together, in the type given or one that is finer.
  Tensor Nats(const Tensor& z_NZ, const Tensor& x_ND, torch::Dtype least) {
    const Tensor symbol_NS = SymbolsOf(autoencoder_->CodesOf(x_ND));
    Tensor nats_N;
    ForEachSymbol(z_NZ, [&](int64_t s, const Tensor& logit_NC) {
      const Tensor fine_NC = logit_NC.to(at::promote_types(logit_NC.scalar_type(), least));
      const Tensor value_N = symbol_NS.select(1, s);
      const Tensor its_N = at::cross_entropy_loss(fine_NC, value_N, {}, at::Reduction::None);
      nats_N = s == 0 ? its_N : nats_N + its_N;
      return value_N;
    });
    return nats_N;
  }

  Tensor SymbolsOf(const Tensor& digit_NS) const {
    const std::vector<int64_t>& radices = autoencoder_->radices();
    return joint() ? IndexOf(digit_NS.reshape({-1, std::ssize(radices)}), radices)
                         .view({digit_NS.size(0), -1})
                   : digit_NS;
  }

  Tensor DigitsOfSymbols(const Tensor& symbol_NS) const {
    return joint() ? DigitsOf(symbol_NS.flatten(), autoencoder_->radices())
                         .view({symbol_NS.size(0), -1})
                   : symbol_NS;
  }

  std::shared_ptr<PatchAutoencoder> autoencoder_;  // the model's, hence no module of the head
  std::vector<int64_t> radix_S_, first_S_;         // values of each symbol; its first among all
  int64_t num_values_ = 0;
  Trunk trunk_ = nullptr;
  Tensor symbol_OW_;  // what a symbol's value adds to the state
};

std::shared_ptr<ImageHead> Make(const HeadConfig& config, int64_t condition_dim, int64_t,
                                const AutoencoderPtr& autoencoder) {
  return std::make_shared<CodesHead>(config, condition_dim, autoencoder);
}

NetworkSize Size(const HeadConfig& config, const AutoencoderConfig& codes, double condition_dim,
                 double) {
  std::vector<int64_t> radices = {codes.codes};
  if (codes.kind == AutoencoderKind::kFsq) {
    radices = codes.levels;
  }
  double product = 1, sum = 0;  // values of a vector's one symbol, or of all its digits
  for (const int64_t radix : radices) {
    product *= Number(radix);
    sum += Number(radix);
  }
  const CodeSoftmax softmax = config.codes.softmax;
  const bool joint = softmax == CodeSoftmax::kJoint;
  const double vectors = Number(codes.vectors), values = vectors * (joint ? product : sum);
  const double symbols = vectors * (joint ? 1 : Number(std::ssize(radices)));
  NetworkSize size = TrunkSize(Number(config.width), Number(config.depth), condition_dim, values);
  const bool chained = softmax != CodeSoftmax::kIndependent && symbols > 1;
  size.other += chained ? values * Number(config.width) : 0;
  size.kept += 5 * values;
  return size;
}

}  // namespace

HeadFamily Family(HeadOf<HeadKind::kCodes>) { return {Make, Size}; }

}  // namespace tessera
