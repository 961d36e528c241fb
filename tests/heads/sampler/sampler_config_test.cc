#include "heads/sampler/sampler_config.h"

#include <gtest/gtest.h>

#include "config/toml.h"
#include "heads/config.h"

namespace tessera {
namespace {

std::string ErrorOf(const std::string& text) {
  SamplerConfig config;
  return std::string(FromToml(text, "r.toml", {}, &config).message());
}

void ExpectRefused(const std::string& text, const std::string& what) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, what, ErrorOf(text)) << text;
}

TEST(SamplerConfig, OfEveryKindRoundTripsThroughToml) {
  for (size_t kind = 0; kind < EnumNames(SamplerKind{}).size(); ++kind) {
    const SamplerConfig config{.kind = static_cast<SamplerKind>(kind), .steps = 17};
    SamplerConfig read;
    ASSERT_TRUE(FromToml(ToToml(config), "r.toml", {}, &read).ok()) << EnumName(config.kind);
    EXPECT_EQ(read, config);
    EXPECT_EQ(config.Problem(), "");
  }
}

TEST(SamplerConfig, ExplainsEveryKey) {
  for (const FieldInfo& field : ListFields(SamplerConfig())) {
    EXPECT_TRUE(field.doc != "" || field.path.empty()) << field.path;
  }
}

TEST(SamplerConfig, RefusesKeysWithoutEffect) {
  ExpectRefused("kind = 'euler'\norder = 2", "order");
  ExpectRefused("kind = 'ipndm'\nr = .5", "r");
  ExpectRefused("kind = 'heun'\nsigma_max = 9.0", "sigma_max");
  ExpectRefused("kind = 'ipndm'\nrho = 3.0", "rho");  // the grid is even in time
  ExpectRefused("kind = 'amed'\nlast_steps = 3", "last_steps");
  EXPECT_EQ(ErrorOf("kind = 'ipndm'\ngrid = 'polynomial'\nrho = 3.0\norder = 2"), "");
}

TEST(SamplerConfig, RefusesWhatCannotBe) {
  ExpectRefused("kind = 'dpm++2m'\ngrid = 'polynomial'", "use dpm++3m");
  ExpectRefused("kind = 'ipndm'\norder = 5", "order must be 1, 2, 3 or 4");
  ExpectRefused("kind = 'dpm-solver-2'\nr = 1.5", "r must lie in (0, 1]");
  ExpectRefused("kind = 'ipndm'\nsigma_max = 0.001", "sigma_max above sigma_min");
  ExpectRefused("kind = 'amed'\nsteps = 1\nanalytic_first = true", "at least 2 steps");
  ExpectRefused("kind = 'flow-sde'\nsteps = 9\nlast_steps = 1", "so must last_steps");
  ExpectRefused("kind = 'ddim'\nlast_steps = 1001", "at most 1000 steps");
}

TEST(SamplerConfig, InSigmaServesBothSchedules) {
  for (const auto schedule : {NoiseScheduleKind::kFlow, NoiseScheduleKind::kCosine}) {
    EXPECT_EQ(SamplerProblem({.diffusion = {.schedule = schedule}}, {.kind = SamplerKind::kIpndmV}),
              "");
  }
  EXPECT_NE(SamplerProblem({.diffusion = {.schedule = NoiseScheduleKind::kCosine}},
                           {.kind = SamplerKind::kHeun}),
            "");
}

}  // namespace
}  // namespace tessera
