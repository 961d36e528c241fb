// N = patches, L = num_conditions of guidance, D = numbers a patch, Z = width of the condition.
#include "analysis/lab/amed_fit.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "config/status.h"
#include "heads/diffusion/mlp_head.h"
#include "heads/guidance_conditions.h"
#include "heads/sampler/sigma_path.h"
#include "infer/generator.h"
#include "ops/random.h"
#include "train/amed_training.h"

namespace tessera {
namespace {

constexpr int64_t kDocumentsAtOnce = 64;

using OnProgress = std::function<void(const std::string& what, double share)>;

// All before one picture of each document that has any, its pictures in turn.
absl::StatusOr<std::vector<Document>> Prompts(const Dataset& dataset, int64_t first,
                                              int64_t count) {
  std::vector<Document> prompts;
  for (int64_t i = first; i < first + count; ++i) {
    ASSIGN_OR_RETURN(const Document document, dataset.Get(i % dataset.size()));
    std::vector<int64_t> pictures;
    for (int64_t k = 0; k < std::ssize(document.segments); ++k) {
      if (AsImage(document.segments[static_cast<size_t>(k)]) != nullptr) {
        pictures.push_back(k);
      }
    }
    if (!pictures.empty()) {
      const auto begin = document.segments.begin();
      const auto turn = static_cast<size_t>(i) % pictures.size();
      prompts.push_back({{begin, begin + pictures[turn]}});
    }
  }
  return prompts;
}

// The guidance of each, row by row; how many they are depends on the guidance alone.
Conditions Concatenate(const std::vector<Conditions>& parts) {
  Conditions all = parts.front();
  for (size_t condition = 0; condition < all.guidance.size(); ++condition) {
    std::vector<Tensor> z, weight;
    for (const Conditions& part : parts) {
      z.push_back(part.guidance[condition].z_NZ);
      weight.push_back(part.guidance[condition].weight_N1);
    }
    all.guidance[condition] = {at::cat(z), at::cat(weight)};
  }
  return all;
}

absl::StatusOr<Conditions> Collect(const Run& run, const Dataset& dataset,
                                   const AmedSettings& settings, const OnProgress& on_progress) {
  GenerateConfig config = settings.generate;
  config.sampler = run.config.generate.sampler;
  std::vector<Conditions> parts;
  int64_t patches = 0;
  GenerateRequest request{
      .prompts = {}, .until = Until::kImage, .seed = static_cast<uint64_t>(settings.amed.seed)};
  request.on_conditions = [&](const Conditions& conditions) {
    parts.push_back(conditions);
    patches += conditions.guidance.front().z_NZ.size(0);
  };
  while (patches < settings.amed.patches) {
    if (request.first_index >= dataset.size() && parts.empty()) {
      return absl::NotFoundError("the training data have no pictures; amed draws nothing else");
    }
    ASSIGN_OR_RETURN(request.prompts, Prompts(dataset, request.first_index, kDocumentsAtOnce));
    if (!request.prompts.empty()) {
      Generate(*run.model, run.tokenizer, run.layout, config, request);
    }
    request.first_index += kDocumentsAtOnce;
    on_progress("conditions", std::min(1., static_cast<double>(patches) /
                                               static_cast<double>(settings.amed.patches)));
  }
  return Concatenate(parts);
}

}  // namespace

absl::StatusOr<AmedFit> FitAmed(const Run& run, const Dataset& dataset,
                                const AmedSettings& settings, const OnProgress& on_progress) {
  if (dataset.size() == 0) {
    return absl::NotFoundError("the training data are empty");
  }
  // Gradients pass through the head to the predictor, and must not be kept for the head itself.
  for (Tensor& parameter : run.model->parameters()) {
    parameter.requires_grad_(false);
  }
  ASSIGN_OR_RETURN(const Conditions all, Collect(run, dataset, settings, on_progress));
  const HeadConfig& head = run.config.model.head;
  const auto seed = static_cast<uint64_t>(settings.amed.seed);
  const torch::Device device = run.model->device();
  const int64_t patch_dim = run.model->joint_dim(), batch = settings.amed.batch;
  SamplerConfig teacher = settings.generate.sampler;
  teacher.steps *= settings.amed.teacher_points + 1;
  const Tensor order_N = at::randperm(all.guidance.front().z_NZ.size(0),
                                      MakeGenerator(torch::kCPU, seed, Stream::kData, 0));
  AmedFit fit{std::make_shared<AmedPredictor>(settings.amed, patch_dim), {}};
  fit.predictor->to(device);
  AmedTraining training{
      .config = settings.amed,
      .teacher_sigmas = SigmaGrid(teacher, {head.diffusion.schedule, head.diffusion.noise_scale}),
      .analytic_first = settings.generate.sampler.analytic_first,
      .batch = {}};
  training.batch = [&](int64_t step) -> AmedBatch {
    const Tensor index_N = order_N.narrow(0, step * batch, batch).to(device);
    const at::Generator rng =
        MakeGenerator(device, seed, Stream::kLoss, static_cast<uint64_t>(step));
    const CleanAt clean_at = CleanUnder(run.model->image_head(), SelectRows(all, index_N));
    return {settings.generate.sampler.clip ? Clipped(clean_at) : clean_at,
            at::randn({batch, patch_dim}, rng, torch::TensorOptions(device))};
  };
  training.on_progress = [&](double share) { on_progress("predictor", share); };
  fit.distances = TrainAmed(*fit.predictor, training);
  return fit;
}

}  // namespace tessera
