#include "model/learner.h"

#include <ATen/Functions.h>

namespace tessera {
namespace {

class AutoencoderLearner : public Learner {
 public:
  explicit AutoencoderLearner(std::shared_ptr<PatchAutoencoder> autoencoder)
      : autoencoder_(register_module("autoencoder", std::move(autoencoder))) {}

  ModelLoss Loss(const Batch& batch, LossScale scale, at::Generator) override {
    const Tensor scored_N = at::nonzero(batch.scored_P).squeeze(1);
    const double count = static_cast<double>(scored_N.size(0));
    ModelLoss loss;
    loss.text_sum = loss.image_sum = loss.total = at::zeros({}, batch.patch_PD.options());
    if (count > 0) {
      loss.image = autoencoder_->Loss(at::index_select(batch.patch_PD, 0, scored_N));
      loss.turn_N = at::index_select(batch.turn_P, 0, scored_N);
      loss.image_sum = loss.image.mean.detach() * count;
      loss.by_set.image_2S = ImageLossBySet(batch, scored_N, loss.image.by_patch_N);
      loss.total = loss.image.mean * (count * scale.image);
    }
    return loss;
  }
  void EndStep(at::Generator rng, const AllRows& all) override {
    autoencoder_->EndStep(std::move(rng), all);
  }
  LossCounts Counts(const Batch& batch) const override { return {0, CountLosses(batch).image}; }
  torch::Device device() const override { return autoencoder_->parameters().front().device(); }

 private:
  std::shared_ptr<PatchAutoencoder> autoencoder_;
};

}  // namespace

LossCounts CountLosses(const Batch& batch) {
  return {(batch.weight_BT * (batch.target_BT >= 0)).sum().item<double>(),
          batch.scored_P.sum().item<double>()};
}

Tensor SumBySet(const Tensor& set_N, const Tensor& value_N, const Tensor& weight_N) {
  const auto sum = [&](const Tensor& x_N) {
    return at::bincount(set_N.cpu(), x_N.to(torch::kCPU, torch::kDouble));
  };
  return at::stack({sum(value_N.detach()), sum(weight_N)});
}

Tensor ImageLossBySet(const Batch& batch, const Tensor& patch_N, const Tensor& loss_N) {
  if (!batch.set_BT.defined()) {
    return {};
  }
  const Tensor slot_N = at::index_select(batch.patch_slot_P, 0, patch_N);
  const Tensor set_N = at::index_select(batch.set_BT.flatten(), 0, slot_N);
  const double each = batch.scored_P.sum().item<double>() / static_cast<double>(patch_N.size(0));
  return SumBySet(set_N, loss_N * each, at::full_like(loss_N, each));
}

std::shared_ptr<Learner> MakeAutoencoderLearner(std::shared_ptr<PatchAutoencoder> autoencoder) {
  return std::make_shared<AutoencoderLearner>(std::move(autoencoder));
}

}  // namespace tessera
