#include "distributed/own_address.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(OwnAddress, IsTheLoopbackTowardsThisHostItself) {
  EXPECT_EQ(OwnAddressTowards("127.0.0.1", 29500), "127.0.0.1");
}

TEST(OwnAddress, IsEmptyTowardsWhatIsNoHost) { EXPECT_EQ(OwnAddressTowards("no host", 1), ""); }

}  // namespace
}  // namespace tessera
