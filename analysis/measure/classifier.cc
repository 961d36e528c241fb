#include "analysis/measure/classifier.h"

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "data/image/image_io.h"
#include "ops/random.h"

namespace tessera {
namespace {

namespace nn = torch::nn;

constexpr int64_t kMostSteps = 400, kBatch = 64, kWidth = 32;
constexpr double kLearningRate = 2e-3;

// N pictures and their classes.
struct Labelled {
  Tensor picture_NCHW;
  Tensor class_N;
};

Labelled Label(const std::vector<CaptionedPicture>& pictures,
               const std::vector<std::string>& classes, int64_t pixels) {
  std::vector<Tensor> tensors;
  std::vector<int64_t> labels;
  for (const CaptionedPicture& picture : pictures) {
    // A caption that is no class has number classes.size(), which is never recognised.
    labels.push_back(std::ranges::find(classes, picture.caption) - classes.begin());
    tensors.push_back(ImageTensor(FitTo(picture.picture, pixels, pixels, Fit::kCover)));
  }
  return {at::stack(tensors), at::tensor(labels)};
}

// Three convolutions, each of which halves the sides, and a linear layer.
nn::Sequential MakeLayers(int64_t pixels, int64_t num_classes) {
  nn::Sequential layers;
  int64_t channels = 3;
  for (const int64_t width : {kWidth, 2 * kWidth, 2 * kWidth}) {
    layers->push_back(nn::Conv2d(nn::Conv2dOptions(channels, width, 3).stride(2).padding(1)));
    layers->push_back(nn::ReLU());
    channels = width;
    pixels = (pixels + 1) / 2;
  }
  layers->push_back(nn::Flatten());
  layers->push_back(nn::Linear(channels * pixels * pixels, num_classes));
  return layers;
}

}  // namespace

Classifier::Classifier(const std::vector<CaptionedPicture>& pictures,
                       std::vector<std::string> classes, int64_t pixels)
    : classes_(std::move(classes)), pixels_(pixels) {
  torch::manual_seed(MixSeed(0, static_cast<uint64_t>(Stream::kEvaluate), 0));
  layers_ = MakeLayers(pixels, std::ssize(classes_)).ptr();
  const Labelled data = Label(pictures, classes_, pixels);
  torch::optim::Adam adam(layers_->parameters(), kLearningRate);
  const int64_t steps = std::min(kMostSteps, std::ssize(pictures));  // at most 64 epochs
  for (int64_t step = 0; step < steps; ++step) {
    const auto rng = MakeGenerator(torch::kCPU, 0, Stream::kEvaluate, step);
    const Tensor index_N = at::randint(std::ssize(pictures), {kBatch}, rng, torch::kLong);
    const Tensor logits_NC = layers_->forward(data.picture_NCHW.index_select(0, index_N));
    adam.zero_grad();
    nn::functional::cross_entropy(logits_NC, data.class_N.index_select(0, index_N)).backward();
    adam.step();
  }
}

double Classifier::Accuracy(const std::vector<CaptionedPicture>& pictures) const {
  torch::NoGradGuard no_grad;
  const Labelled data = Label(pictures, classes_, pixels_);
  const Tensor found_N = layers_->forward(data.picture_NCHW).argmax(1);
  return (found_N == data.class_N).to(torch::kFloat64).mean().item<double>();
}

ClassScore EvaluateClasses(const Run& run, const std::vector<CaptionedPicture>& training,
                           const std::vector<CaptionedPicture>& test,
                           const EvaluateOptions& options) {
  const std::vector<std::string> classes = ClassesOf(training);
  const PatchGrid grid = run.layout.grids[0];
  const Classifier classifier(training, classes, std::max(grid.rows, grid.cols) * run.layout.patch);
  ClassScore score;
  score.true_pictures = test.empty() ? NAN : classifier.Accuracy(test);
  score.per_class = std::max<int64_t>(1, options.count / std::ssize(classes));
  std::vector<Document> prompts;
  for (int64_t i = 0; i < score.per_class * std::ssize(classes); ++i) {
    prompts.push_back({{classes[i % std::ssize(classes)]}});
  }
  Drawn drawn = Draw(run, prompts, options);
  std::vector<CaptionedPicture> pictures;
  for (size_t i = 0; i < prompts.size(); ++i) {
    pictures.push_back({classes[i % classes.size()], std::move(drawn.images[i])});
  }
  score.seconds_per_picture = drawn.seconds / static_cast<double>(prompts.size());
  score.drawn = classifier.Accuracy(pictures);
  return score;
}

}  // namespace tessera
