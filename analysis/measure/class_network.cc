// N = pictures of a batch, C = channels, H, W = pixels, K = classes.
#include "analysis/measure/class_network.h"

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <torch/script.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "data/image/image_io.h"
#include "ops/pixels.h"
#include "ops/random.h"

namespace tessera {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

constexpr std::array<int64_t, 4> kWidths = {32, 64, 128, 128};
constexpr int64_t kBatch = 128;
constexpr double kLearningRate = 6e-3, kSmoothing = .05, kWarmUp = .3;

// Convolutions with norms, halved between, a mean over the picture, and a linear layer.
struct Network : nn::Module {
  explicit Network(int64_t classes) {
    int64_t inputs = 3;
    for (const int64_t width : kWidths) {
      convolutions->push_back(
          nn::Conv2d(nn::Conv2dOptions(inputs, width, 3).padding(1).bias(false)));
      norms->push_back(nn::BatchNorm2d(width));
      inputs = width;
    }
    logits = nn::Linear(inputs, classes);
    register_module("convolutions", convolutions);
    register_module("norms", norms);
    register_module("logits", logits);
  }

  Tensor Forward(const Tensor& picture_NCHW) {
    Tensor x_NCHW = picture_NCHW;
    for (size_t i = 0; i < kWidths.size(); ++i) {
      x_NCHW = convolutions->at<nn::Conv2dImpl>(i).forward(x_NCHW);
      x_NCHW = at::relu(norms->at<nn::BatchNorm2dImpl>(i).forward(x_NCHW));
      x_NCHW = i + 1 < kWidths.size() ? at::max_pool2d(x_NCHW, 2) : x_NCHW;
    }
    return logits->forward(x_NCHW.mean({2, 3}));
  }

  nn::ModuleList convolutions, norms;
  nn::Linear logits = nullptr;
};

// The norm's scale and shift become those of the convolution before it.
std::pair<Tensor, Tensor> Fold(const nn::Conv2dImpl& convolution, const nn::BatchNorm2dImpl& norm) {
  const Tensor scale_C = norm.weight / (norm.running_var + norm.options.eps()).sqrt();
  return {convolution.weight * scale_C.view({-1, 1, 1, 1}),
          norm.bias - norm.running_mean * scale_C};
}

std::string Serialize(Network& network, const std::vector<std::string>& classes, int64_t pixels) {
  torch::jit::Module module("class_network");
  std::string features = "def features(self, picture):\n  x = picture\n";
  for (size_t i = 0; i < kWidths.size(); ++i) {
    const auto [weight, bias] = Fold(network.convolutions->at<nn::Conv2dImpl>(i),
                                     network.norms->at<nn::BatchNorm2dImpl>(i));
    const std::string n = std::to_string(i);
    module.register_buffer("weight" + n, weight.detach());
    module.register_buffer("bias" + n, bias.detach());
    absl::StrAppend(&features, "  x = torch.relu(torch.conv2d(x, self.weight", n, ", self.bias", n,
                    ", [1, 1], [1, 1]))\n",
                    i + 1 < kWidths.size() ? "  x = torch.max_pool2d(x, [2, 2])\n" : "");
  }
  module.register_buffer("class_weight", network.logits->weight.detach());
  module.register_buffer("class_bias", network.logits->bias.detach());
  module.register_attribute("classes", c10::ListType::ofStrings(), c10::IValue(classes));
  module.register_attribute("pixels", c10::IntType::get(), pixels);
  module.define(features + "  return x.mean([2, 3])\n");
  module.define("def forward(self, picture):\n  return self.features(picture)\n");
  module.define(
      "def classify(self, picture):\n"
      "  return torch.linear(self.features(picture), self.class_weight, self.class_bias)\n");
  std::ostringstream bytes;
  module.save(bytes);
  return std::move(bytes).str();
}

// Each picture of the batch is shifted by up to a tenth of its side, over its mirrored border.
Tensor Shifted(const Tensor& picture_NCHW, const at::Generator& rng) {
  const int64_t side = picture_NCHW.size(2), most = side / 10;
  const Tensor padded = at::reflection_pad2d(picture_NCHW, {most, most, most, most});
  const Tensor by = at::randint(2 * most + 1, {picture_NCHW.size(0), 2}, rng, torch::kLong);
  std::vector<Tensor> shifted;
  for (int64_t i = 0; i < picture_NCHW.size(0); ++i) {
    shifted.push_back(padded[i]
                          .narrow(1, by[i][0].item<int64_t>(), side)
                          .narrow(2, by[i][1].item<int64_t>(), side));
  }
  return at::stack(shifted).contiguous(at::MemoryFormat::ChannelsLast);
}

// Rises to 1 over the first part of the steps, and falls to 0 as a cosine.
double RateAt(double share) {
  return share < kWarmUp ? share / kWarmUp
                         : (1 + std::cos(std::numbers::pi * (share - kWarmUp) / (1 - kWarmUp))) / 2;
}

void Train(const Tensor& bytes_NCHW, const Tensor& class_N, const ClassNetworkOptions& options,
           Network* network) {
  torch::optim::AdamW adam(network->parameters(), torch::optim::AdamWOptions().weight_decay(.05));
  const int64_t per_epoch = std::max<int64_t>(1, bytes_NCHW.size(0) / kBatch);
  const int64_t steps = per_epoch * options.epochs;
  Tensor order_N;
  for (int64_t step = 0; step < steps; ++step) {
    const at::Generator rng = MakeGenerator(torch::kCPU, 0, Stream::kEvaluate, step);
    if (step % per_epoch == 0) {
      order_N = at::randperm(bytes_NCHW.size(0), rng, torch::kLong);
    }
    const int64_t first = step % per_epoch * kBatch;
    const Tensor index_N = order_N.slice(0, first, first + kBatch);
    const Tensor picture_NCHW =
        FromPixelValues(bytes_NCHW.index_select(0, index_N).to(torch::kFloat32));
    const double share = static_cast<double>(step) / static_cast<double>(steps);
    static_cast<torch::optim::AdamWOptions&>(adam.param_groups()[0].options())
        .lr(kLearningRate * RateAt(share));
    adam.zero_grad();
    nn::functional::cross_entropy(
        network->Forward(Shifted(picture_NCHW, rng)), class_N.index_select(0, index_N),
        nn::functional::CrossEntropyFuncOptions().label_smoothing(kSmoothing))
        .backward();
    adam.step();
    if (options.on_progress) {
      options.on_progress("training", static_cast<double>(step + 1) / static_cast<double>(steps));
    }
  }
}

}  // namespace

absl::StatusOr<std::string> TrainClassNetwork(const std::vector<CaptionedPicture>& pictures,
                                              const ClassNetworkOptions& options) {
  const std::vector<std::string> classes = ClassesOf(pictures);
  if (classes.empty()) {
    return absl::FailedPreconditionError(
        "the captions are no names of classes: they must be from 2 to 32, each of 20 pictures or "
        "more");
  }
  const int64_t side = options.pixels;
  std::vector<Tensor> tensors;
  std::vector<int64_t> labels;
  for (const auto& [caption, picture] : pictures) {
    labels.push_back(std::ranges::find(classes, caption) - classes.begin());
    const Image fitted = FitTo(picture, side, side, Fit::kCover);
    tensors.push_back(at::tensor(at::ArrayRef<uint8_t>(fitted.rgb), torch::kUInt8)
                          .view({side, side, 3})
                          .permute({2, 0, 1}));
  }
  torch::manual_seed(MixSeed(0, static_cast<uint64_t>(Stream::kEvaluate), 1));
  Network network(std::ssize(classes));
  Train(at::stack(tensors), at::tensor(labels), options, &network);
  network.eval();
  return Serialize(network, classes, side);
}

double ShareRecognised(const FeatureNetwork& network,
                       const std::vector<CaptionedPicture>& pictures) {
  std::vector<Image> images;
  std::vector<int64_t> labels;
  for (const auto& [caption, picture] : pictures) {
    images.push_back(picture);
    labels.push_back(std::ranges::find(network.classes, caption) - network.classes.begin());
  }
  const Tensor right_N = LogitsOf(network, images).argmax(1) == at::tensor(labels);
  return right_N.to(torch::kDouble).mean().item<double>();
}

}  // namespace tessera
