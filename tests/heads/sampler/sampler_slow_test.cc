#include "tests/heads/mixture.h"

namespace tessera {
namespace {

TEST(SamplerTable, EverySamplerReachesItsReferenceErrorAtEveryNumberOfSteps) {
  for (const MixtureReference& reference : MixtureReferences()) {
    for (size_t column = 0; column < kMixtureSteps.size(); ++column) {
      EXPECT_LT(std::abs(SigmasOff(reference, column)), 3)
          << reference.name << ", " << kMixtureSteps[column] << " steps";
    }
  }
}

}  // namespace
}  // namespace tessera
