#include "infer/config.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(GenerateProblem, RefusesNoiseLevelsOfAHeadWithoutAny) {
  GenerateConfig config{.guidance = 3, .guidance_schedule = GuidanceSchedule::kInterval};
  for (size_t kind = 0; kind < EnumNames(HeadKind{}).size(); ++kind) {
    const HeadConfig head{.kind = static_cast<HeadKind>(kind)};
    const bool allowed = DrawsInSteps(head.kind);
    EXPECT_EQ(GenerateProblem(head, config).empty(), allowed) << EnumName(head.kind);
  }
  config.guidance = 1;  // the schedule has no effect then
  EXPECT_EQ(GenerateProblem({.kind = HeadKind::kMse}, config), "");
}

TEST(GenerateProblem, RefusesStepsOfAHeadThatTakesNone) {
  const HeadConfig head{.kind = HeadKind::kFourier};
  GenerateConfig config{.sampler = {.temperature = .5}};
  EXPECT_EQ(GenerateProblem(head, config), "");
  config.sampler.temperature = -1;
  EXPECT_NE(GenerateProblem(head, config), "");
  config.sampler.steps = 5;
  EXPECT_NE(GenerateProblem(head, config).find("temperature alone"), std::string::npos);
}

}  // namespace
}  // namespace tessera
