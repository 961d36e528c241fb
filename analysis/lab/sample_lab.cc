// C = conditions, N = patches, D = numbers a patch.
#include "analysis/lab/sample_lab.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "analysis/lab/true_conditions.h"
#include "analysis/measure/distribution.h"
#include "config/status.h"
#include "heads/guidance_conditions.h"
#include "ops/random.h"
#include "run/amed_file.h"
#include "run/fitting_split.h"

namespace tessera {
namespace {

constexpr int64_t kCosineReference = 1000;

// The run's own sampler in all but its kind, its steps and its noise.
SamplerConfig Sampler(const Run& run, SamplerKind kind, int64_t steps) {
  SamplerConfig sampler = run.config.generate.sampler;
  sampler.kind = kind;
  sampler.steps = steps;
  sampler.last_steps = 0;
  sampler.temperature = 1;
  sampler.eta = 0;
  return sampler;
}

struct Candidate {
  std::string name;
  SamplerConfig sampler;
  std::shared_ptr<AmedPredictor> amed = nullptr;
};

// A run that draws with the sampler, its predictor loaded if it needs one.
absl::StatusOr<Run> WithSampler(const Run& run, const SamplerConfig& sampler, const LabOptions& lab,
                                const Files& files) {
  Run other = run;
  other.config.generate.sampler = sampler;
  RETURN_IF_ERROR(LoadAmed(lab.path, files, &other));
  return other;
}

// The choices of a sampler that are compared, one step each.
std::vector<Candidate> VariantsOf(const Run& run, const SamplerRow& row) {
  Candidate plain{row.name, Sampler(run, row.kind, 1)}, other = plain;
  if (row.noise == StepNoise::kWithEta) {
    other.name += ", eta 1";
    other.sampler.eta = 1;
    return {plain, other};
  }
  if (StepsInSigma(row.kind)) {
    plain.sampler.analytic_first = false;
    other.name += ", analytic first";
    other.sampler.analytic_first = true;
    return {plain, other};
  }
  return {plain};
}

// Each predictor of the checkpoint, with the steps and the grid that it was fitted for. Those that
// the run's settings exclude are named in *refused.
absl::StatusOr<std::vector<Candidate>> FittedCandidates(const Run& run, const LabOptions& lab,
                                                        const Files& files,
                                                        std::vector<std::string>* refused) {
  ASSIGN_OR_RETURN(const std::vector<AmedSettings> fitted, FittedAmeds(run, files));
  std::vector<Candidate> all;
  for (const AmedSettings& one : fitted) {
    SamplerConfig sampler = one.generate.sampler;
    sampler.temperature = 1;
    const auto loaded = WithSampler(run, sampler, lab, files);
    if (loaded.ok()) {
      all.push_back({"amed", sampler, loaded->amed});
    } else {
      refused->emplace_back(loaded.status().message());
    }
  }
  return all;
}

absl::StatusOr<std::vector<Candidate>> Candidates(const Run& run, const LabOptions& lab,
                                                  const Files& files,
                                                  std::vector<std::string>* refused) {
  std::vector<Candidate> all;
  for (const SamplerRow& row : kSamplers) {
    if (row.fitted) {
      ASSIGN_OR_RETURN(const auto fitted, FittedCandidates(run, lab, files, refused));
      all.insert(all.end(), fitted.begin(), fitted.end());
      continue;
    }
    for (Candidate& variant : VariantsOf(run, row)) {
      for (const int64_t count : lab.steps) {
        variant.sampler.steps = count;
        if (SamplerProblem(run.config.model.head, variant.sampler).empty()) {
          all.push_back(variant);
        }
      }
    }
  }
  return all;
}

// Draws the same rows again and again.
class Bench {
 public:
  Bench(const Run& run, Conditions conditions, uint64_t seed)
      : run_(run),
        conditions_(std::move(conditions)),
        rows_(conditions_.guidance.front().z_NZ.size(0)),
        seed_(seed) {}

  // Under the noise of a set, 0 or 1.
  Tensor Draw(const Sampling& sampling, uint64_t set) const {
    std::vector<at::Generator> rngs;
    for (int64_t i = 0; i < rows_; ++i) {
      rngs.push_back(MakeGenerator(run_.model->device(), seed_, Stream::kSample, set,
                                   static_cast<uint64_t>(i)));
    }
    return run_.model->image_head()
        .Sample(conditions_, sampling, rngs)
        .to(torch::kCPU, torch::kDouble);
  }

 private:
  const Run& run_;
  Conditions conditions_;
  int64_t rows_;
  uint64_t seed_;
};

double RootMeanSquare(const Tensor& difference) {
  return difference.square().mean().sqrt().item<double>();
}

struct MeanError {
  double mean, error;
};

// Over conditions, whose draws follow each other.
MeanError EnergyOf(const Tensor& drawn_ND, const Tensor& reference_ND, int64_t draws) {
  const auto sets = [&](const Tensor& x_ND) { return x_ND.view({-1, draws, x_ND.size(1)}); };
  const Tensor energy_C = EnergyDistance(sets(drawn_ND), sets(reference_ND));
  return {energy_C.mean().item<double>(),
          energy_C.std().item<double>() / std::sqrt(static_cast<double>(energy_C.size(0)))};
}

// The references' patches.
struct Truth {
  Tensor same_ND, sigma_ND;  // from the candidates' noise
  Tensor fresh_ND;           // from other noise
};

LabRow MeasureCandidate(const Candidate& candidate, const Bench& bench, const Truth& truth,
                        int64_t draws) {
  LabRow row{.sampler = candidate.sampler, .name = candidate.name};
  row.evaluations = Evaluations(candidate.sampler);
  const auto start = std::chrono::steady_clock::now();
  const Tensor drawn_ND = bench.Draw({candidate.sampler, candidate.amed}, 0);
  row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Tensor& end_ND = StepsInSigma(candidate.sampler.kind) ? truth.sigma_ND : truth.same_ND;
  row.error = AddsNoise(candidate.sampler) ? NAN : RootMeanSquare(drawn_ND - end_ND);
  const MeanError energy = EnergyOf(drawn_ND, truth.fresh_ND, draws);
  row.energy = energy.mean;
  row.energy_error = energy.error;
  return row;
}

// For each name: the row whose evaluations are nearest to the run's own.
std::vector<LabRow> NearestRows(const std::vector<LabRow>& rows, int64_t evaluations) {
  std::vector<LabRow> nearest;
  for (const LabRow& row : rows) {
    const bool begins = nearest.empty() || nearest.back().name != row.name;
    if (begins) {
      nearest.push_back(row);
    } else if (std::abs(row.evaluations - evaluations) <
               std::abs(nearest.back().evaluations - evaluations)) {
      nearest.back() = row;
    }
  }
  return nearest;
}

absl::Status DrawPictures(const Run& run, const std::vector<Document>& documents,
                          const LabOptions& lab, const Files& files, LabResult* result) {
  std::vector<Document> prompts;
  for (Document prompt : documents) {
    prompt.segments.pop_back();
    const std::string* text = prompt.segments.empty() ? nullptr : AsText(prompt.segments.back());
    result->captions.push_back(text == nullptr ? "" : *text);
    prompts.push_back(std::move(prompt));
  }
  const int64_t own = Evaluations(run.config.generate.sampler);
  for (const LabRow& row : NearestRows(result->rows, own)) {
    ASSIGN_OR_RETURN(const Run other, WithSampler(run, row.sampler, lab, files));
    result->pictures.push_back(
        {row.name, row.evaluations, Draw(other, prompts, {.seed = lab.seed}).images});
  }
  return absl::OkStatus();
}

// The fine solutions that samplers are held against.
void SetReferences(const Run& run, const LabOptions& options, LabResult* result) {
  const bool flow = run.config.model.head.diffusion.schedule == NoiseScheduleKind::kFlow;
  result->reference = flow ? Sampler(run, SamplerKind::kMidpoint, options.reference_steps)
                           : Sampler(run, SamplerKind::kDdim, kCosineReference);
  result->sigma_reference = Sampler(run, SamplerKind::kDpmSolver2, options.reference_steps);
  result->sigma_reference.analytic_first = false;
}

}  // namespace

absl::StatusOr<LabResult> CompareSamplers(const Run& run, const std::shared_ptr<const Files>& files,
                                          const LabOptions& options) {
  const HeadConfig& head = run.config.model.head;
  if (!DrawsInSteps(head.kind)) {
    return absl::FailedPreconditionError(
        "this run's head, " + std::string(EnumName(head.kind)) +
        ", draws a patch without steps; only samplers of a diffusion head can be compared");
  }
  const torch::NoGradGuard no_grad;
  ASSIGN_OR_RETURN(const auto test, OpenFittingPart(run, Split::kTest, files));
  ASSIGN_OR_RETURN(const Conditions all, TrueConditions(run, *test, options.conditions));
  const at::Generator rng = MakeGenerator(torch::kCPU, options.seed, Stream::kEvaluate, 0);
  const int64_t patches = all.guidance.front().z_NZ.size(0);
  LabResult result{.conditions = std::min(options.conditions, patches), .draws = options.draws};
  const Tensor chosen_C = at::randperm(patches, rng, torch::dtype(torch::kLong))
                              .narrow(0, 0, result.conditions)
                              .repeat_interleave(options.draws);
  const Bench bench(run, SelectRows(all, chosen_C.to(run.model->device())), options.seed);
  SetReferences(run, options, &result);
  const Truth truth{bench.Draw(result.reference, 0), bench.Draw(result.sigma_reference, 0),
                    bench.Draw(result.reference, 1)};
  result.between_references = RootMeanSquare(truth.same_ND - truth.sigma_ND);
  const MeanError floor = EnergyOf(truth.same_ND, truth.fresh_ND, options.draws);
  result.floor_energy = floor.mean;
  result.floor_energy_error = floor.error;
  ASSIGN_OR_RETURN(const std::vector<Candidate> candidates,
                   Candidates(run, options, *files, &result.refused));
  for (const Candidate& candidate : candidates) {
    result.rows.push_back(MeasureCandidate(candidate, bench, truth, options.draws));
    if (options.on_progress) {
      options.on_progress(candidate.name, static_cast<double>(result.rows.size()) /
                                              static_cast<double>(candidates.size()));
    }
  }
  if (options.pictures > 0) {
    ASSIGN_OR_RETURN(const std::vector<Document> documents, UpToPictures(*test, options.pictures));
    RETURN_IF_ERROR(DrawPictures(run, documents, options, *files, &result));
  }
  return result;
}

}  // namespace tessera
