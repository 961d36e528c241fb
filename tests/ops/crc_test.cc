#include "ops/crc.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(Crc, HasTheCheckValuesOfItsCatalogue) {
  EXPECT_EQ(Crc<kCrc32>("123456789"), 0xCBF43926U);
  EXPECT_EQ(Crc<kCrc32c>("123456789"), 0xE3069283U);
  EXPECT_EQ(Crc<kCrc32c>(""), 0U);
}

}  // namespace
}  // namespace tessera
