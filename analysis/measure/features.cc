// N = pictures, C = channels, H, W = pixels, F = features, O, I = channels of a convolution.
#include "analysis/measure/features.h"

#include <ATen/Functions.h>
#include <torch/script.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "analysis/measure/captioned.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "ops/random.h"

namespace tessera {
namespace {

constexpr int64_t kRandomPixels = 32, kInceptionPixels = 299, kAtOnce = 64;

struct Convolution {
  int64_t outputs, stride;
};
// Halved three times to 4 x 4, then meaned to 2 x 2: 16 channels there keep where things are.
constexpr std::array kConvolutions = {Convolution{32, 1}, Convolution{64, 2}, Convolution{64, 2},
                                      Convolution{16, 2}};
constexpr int64_t kCells = 2;

bool TakesReturnFeatures(const torch::jit::Module& module) {
  return module.get_method("forward")
      .function()
      .getSchema()
      .argumentIndexWithName("return_features")
      .has_value();
}

// Calls the module on pictures in [-1, 1], with the numbers that it wants.
std::function<torch::Tensor(const torch::Tensor&)> Caller(
    const std::shared_ptr<torch::jit::Module>& module) {
  if (TakesReturnFeatures(*module)) {
    return [module](const torch::Tensor& picture_NCHW) {
      const torch::Tensor bytes_NCHW = ((picture_NCHW + 1) * 127.5).round();
      return module->forward({bytes_NCHW}, {{"return_features", true}}).toTensor();
    };
  }
  return [module](const torch::Tensor& picture_NCHW) {
    return module->forward({picture_NCHW}).toTensor();
  };
}

// What the module says of its classes and of the sides of its pictures.
void ReadAttributes(const std::shared_ptr<torch::jit::Module>& module, int64_t pixels,
                    FeatureNetwork* network) {
  if (pixels == 0 && module->hasattr("pixels")) {
    network->pixels = module->attr("pixels").toInt();
  }
  if (!module->hasattr("classes") || !module->find_method("classify")) {
    return;
  }
  for (const c10::IValue& name : module->attr("classes").toListRef()) {
    network->classes.push_back(name.toStringRef());
  }
  network->logits = [module](const torch::Tensor& picture_NCHW) {
    return module->get_method("classify")({picture_NCHW}).toTensor();
  };
}

// What the call makes of the pictures, in double.
torch::Tensor InParts(const FeatureNetwork& network, const std::vector<Image>& images,
                      const std::function<torch::Tensor(const torch::Tensor&)>& call) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for (int64_t first = 0; first < std::ssize(images); first += kAtOnce) {
    std::vector<torch::Tensor> pictures;
    for (int64_t i = first; i < std::min(first + kAtOnce, std::ssize(images)); ++i) {
      pictures.push_back(ImageTensor(
          network.pixels == 0 ? images[i] : Resize(images[i], network.pixels, network.pixels)));
    }
    parts.push_back(call(at::stack(pictures)).to(torch::kDouble));
  }
  return at::cat(parts);
}

std::string Stem(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.rfind('.'));
}

}  // namespace

FeatureNetwork RandomFeatures() {
  const at::Generator rng = MakeGenerator(torch::kCPU, 0, Stream::kEvaluate, 0);
  std::vector<torch::Tensor> weights;
  int64_t inputs = 3;
  for (const Convolution& layer : kConvolutions) {
    // He et al. 2015: the scale of activations does not change from layer to layer.
    const double std = std::sqrt(2. / (9. * static_cast<double>(inputs)));
    weights.push_back(at::randn({layer.outputs, inputs, 3, 3}, rng, torch::kFloat32) * std);
    inputs = layer.outputs;
  }
  return {"random64", kRandomPixels, [weights](const torch::Tensor& picture_NCHW) {
            torch::Tensor x_NCHW = picture_NCHW;
            for (size_t i = 0; i < weights.size(); ++i) {
              x_NCHW = at::conv2d(x_NCHW, weights[i], {}, kConvolutions[i].stride, 1);
              x_NCHW = i + 1 < weights.size() ? at::relu(x_NCHW) : x_NCHW;
            }
            return at::adaptive_avg_pool2d(x_NCHW, {kCells, kCells}).flatten(1);
          }};
}

absl::StatusOr<FeatureNetwork> LoadFeatures(const std::string& path, int64_t pixels,
                                            const Files& files) {
  ASSIGN_OR_RETURN(std::string bytes, files.Read(path));
  const int64_t side = pixels == 0 ? kInceptionPixels : pixels;
  const auto refuse = [&](const std::string& what) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' ", what, "; save one with torch.jit.trace(network, ",
                     "torch.zeros(1, 3, ", side, ", ", side, ")).save(FILE)"));
  };
  FeatureNetwork network{.name = Stem(path), .pixels = side, .features = {}};
  torch::Tensor features;
  try {
    const torch::NoGradGuard no_grad;
    std::istringstream stream(std::move(bytes));
    const auto module = std::make_shared<torch::jit::Module>(torch::jit::load(stream, torch::kCPU));
    module->eval();
    if (TakesReturnFeatures(*module)) {
      network.pixels = pixels;
    }
    ReadAttributes(module, pixels, &network);
    const auto call = Caller(module);
    network.features = [call](const torch::Tensor& picture_NCHW) {
      return call(picture_NCHW).flatten(1);
    };
    const int64_t tried = network.pixels == 0 ? side : network.pixels;
    features = call(at::zeros({2, 3, tried, tried}));
    if (network.logits) {
      network.logits(at::zeros({2, 3, tried, tried}));
    }
  } catch (const std::exception& error) {  // of LibTorch's several kinds
    const std::string what = error.what();
    return refuse(absl::StrCat("is no TorchScript network that makes one tensor of pictures of ",
                               side, " pixels (", what.substr(0, what.find('\n')), ")"));
  }
  if (features.dim() < 2 || features.size(0) != 2 || features.numel() != 2 * features.size(1)) {
    return refuse("does not put out one row of features for each picture");
  }
  return network;
}

torch::Tensor FeaturesOf(const FeatureNetwork& network, const std::vector<Image>& images) {
  return InParts(network, images, network.features);
}

torch::Tensor LogitsOf(const FeatureNetwork& network, const std::vector<Image>& images) {
  return InParts(network, images, network.logits);
}

}  // namespace tessera
