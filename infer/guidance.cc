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

int64_t NumLanes(const GenerateConfig& config) {
  return config.image_guidance != 1 ? 3 : config.guidance != 1 ? 2 : 1;
}

Sequence LaneSequence(int64_t lane, const Document& document, const Treatment& shown,
                      const ContinuationRules& rules) {
  if (lane == kAsItIs) {
    return LayoutPrompt(document, rules.layout, rules.tokenizer, shown);
  }
  Treatment treatment = shown;
  treatment.hidden.assign(document.segments.size(), lane == kWithoutTextAndPictures);
  const std::string& negative = rules.config.negative;
  treatment.drop_text = negative.empty();
  return LayoutPrompt(negative.empty() ? document : WithNegative(document, negative), rules.layout,
                      rules.tokenizer, treatment);
}

double LaneWeight(int64_t lane, double share, const GenerateConfig& config) {
  const double text = Scale(config.guidance, share, config);
  const double image = Scale(config.image_guidance, share, config);
  switch (lane) {
    case kAsItIs:
      return text;
    case kWithoutText:
      return image - text;
    case kWithoutTextAndPictures:
      return 1 - image;
  }
  TORCH_CHECK(false, "lane ", lane);
}

Conditions Guide(const Tensor& z_LNW, const std::vector<double>& share_N,
                 const GenerateConfig& config) {
  Conditions conditions;
  for (int64_t lane = 0; lane < z_LNW.size(0); ++lane) {
    std::vector<float> weight_N;
    for (const double share : share_N) {
      weight_N.push_back(static_cast<float>(LaneWeight(lane, share, config)));
    }
    conditions.branches.push_back(
        {z_LNW[lane], torch::tensor(weight_N, z_LNW.device()).unsqueeze(1)});
  }
  if (config.guidance_schedule == GuidanceSchedule::kInterval) {
    conditions.guided_from = config.guidance_from;
    conditions.guided_to = config.guidance_to;
  }
  return conditions;
}

}  // namespace tessera
