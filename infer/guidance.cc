#include "infer/guidance.h"

#include <algorithm>

namespace tessera {
namespace {

enum Lane : int64_t { kAsItIs, kWithoutText, kWithoutTextAndPictures };

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

Sequence SequenceUnder(int64_t condition, const Document& document, const Presentation& shown,
                       const ContinuationRules& rules) {
  if (condition == kAsItIs) {
    return LayoutPrompt(document, rules.layout, rules.tokenizer, shown);
  }
  Presentation presentation = shown;
  presentation.hidden.assign(document.segments.size(), condition == kWithoutTextAndPictures);
  const std::string& negative = rules.config.negative;
  presentation.drop_text = negative.empty();
  return LayoutPrompt(negative.empty() ? document : WithNegative(document, negative), rules.layout,
                      rules.tokenizer, presentation);
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

Conditions Guide(const Tensor& z_GNW, const std::vector<double>& share_N,
                 const GenerateConfig& config) {
  Conditions conditions;
  for (int64_t condition = 0; condition < z_GNW.size(0); ++condition) {
    std::vector<float> weight_N;
    for (const double share : share_N) {
      weight_N.push_back(static_cast<float>(GuidanceWeight(condition, share, config)));
    }
    conditions.guidance.push_back(
        {z_GNW[condition], torch::tensor(weight_N, z_GNW.device()).unsqueeze(1)});
  }
  if (config.guidance_schedule == GuidanceSchedule::kInterval) {
    conditions.guided_from = config.guidance_from;
    conditions.guided_to = config.guidance_to;
  }
  return conditions;
}

}  // namespace tessera
