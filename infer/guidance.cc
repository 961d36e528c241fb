#include "infer/guidance.h"

#include <algorithm>
#include <tuple>

namespace tessera {
namespace {

enum GuidanceKind : int64_t { kAsItIs, kWithoutText, kWithoutTextAndPictures };

constexpr double kFullGuidance = .5;  // share of the patches after which a ramp has its full scale

double Scale(double full, double share, const GenerateConfig& config) {
  switch (config.guidance_schedule) {
    case GuidanceSchedule::kConstant:
    case GuidanceSchedule::kInterval:  // of the times inside a patch, which Guide tells the head
      return full;
    case GuidanceSchedule::kRamp:
      return 1 + (full - 1) * std::min(1.0, share / kFullGuidance);
  }
  TORCH_CHECK(false, "guidance schedule ", static_cast<int>(config.guidance_schedule));
}

Document WithNegative(const Document& document, const std::string& negative) {
  Document changed;
  size_t place = document.segments.size();  // of the last text, among the pictures
  for (const Segment& segment : document.segments) {
    if (AsImage(segment) != nullptr) {
      changed.segments.push_back(segment);
    } else {
      place = changed.segments.size();
    }
  }
  place = std::min(place, changed.segments.size());
  changed.segments.insert(changed.segments.begin() + static_cast<int64_t>(place), negative);
  return changed;
}

}  // namespace

int64_t NumGuidanceConditions(const GenerateConfig& config) {
  return config.image_guidance != 1 ? 3 : config.guidance != 1 ? 2 : 1;
}

Sequence SequenceUnder(int64_t condition, const Document& document,
                       const Presentation& presentation, const ContinuationRules& rules) {
  if (condition == kAsItIs) {
    return LayoutPrompt(document, rules.layout, rules.tokenizer, presentation);
  }
  Presentation under = presentation;
  under.hidden.assign(document.segments.size(), condition == kWithoutTextAndPictures);
  const std::string& negative = rules.config.negative;
  under.drop_text = negative.empty();
  return LayoutPrompt(negative.empty() ? document : WithNegative(document, negative), rules.layout,
                      rules.tokenizer, under);
}

double GuidanceWeight(int64_t condition, double share, const GenerateConfig& config) {
  const double text = Scale(config.guidance, share, config);
  const double image = Scale(config.image_guidance, share, config);
  switch (condition) {
    case kAsItIs:
      return text;
    case kWithoutText:
      return image - text;
    case kWithoutTextAndPictures:
      return 1 - image;
  }
  TORCH_CHECK(false, "condition ", condition);
}

std::pair<double, double> GuidedInterval(const GenerateConfig& config) {
  return config.guidance_schedule == GuidanceSchedule::kInterval
             ? std::pair(config.guidance_from, config.guidance_to)
             : std::pair(0., 1.);
}

Conditions Guide(const Tensor& z_GNW, const std::vector<GuidedPatch>& patch_N) {
  Conditions conditions;
  for (int64_t condition = 0; condition < z_GNW.size(0); ++condition) {
    std::vector<float> weight_N;
    for (const GuidedPatch& patch : patch_N) {
      weight_N.push_back(static_cast<float>(GuidanceWeight(condition, patch.share, *patch.config)));
    }
    conditions.guidance.push_back(
        {z_GNW[condition], torch::tensor(weight_N, z_GNW.device()).unsqueeze(1)});
  }
  std::tie(conditions.guided_from, conditions.guided_to) = GuidedInterval(*patch_N.front().config);
  return conditions;
}

Conditions Guide(const Tensor& z_GNW, const std::vector<double>& share_N,
                 const GenerateConfig& config) {
  std::vector<GuidedPatch> patch_N;
  for (const double share : share_N) {
    patch_N.push_back({share, &config});
  }
  return Guide(z_GNW, patch_N);
}

}  // namespace tessera
