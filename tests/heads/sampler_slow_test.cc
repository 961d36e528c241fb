#include "tests/heads/mixture.h"

namespace tessera {
namespace {

TEST(SamplerTable, EverySamplerReachesItsReferenceErrorAtEveryNumberOfSteps) {
  for (const MixtureReference& reference : MixtureReferences()) {
    for (size_t column = 0; column < kMixtureSteps.size(); ++column) {
      ExpectMixtureErrors(reference, column);
    }
  }
}

}  // namespace
}  // namespace tessera
