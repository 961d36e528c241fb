#include "sequence/permutation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tessera {
namespace {

TEST(Permute, ReachesEveryIndexOnce) {
  for (const int64_t size : {1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 4097}) {
    for (const uint64_t key : {0ull, 1ull, ~0ull}) {
      std::vector<int> hits(size);
      for (int64_t i = 0; i < size; ++i) {
        ++hits.at(Permute(i, size, key));
      }
      EXPECT_EQ(hits, std::vector<int>(size, 1)) << "size " << size << " key " << key;
    }
  }
}

TEST(Permute, StaysInsideAVeryLargeRange) {
  constexpr int64_t kSize = (int64_t{1} << 40) + 1;
  for (int64_t i = kSize - 100; i < kSize; ++i) {
    const int64_t to = Permute(i, kSize, 5);
    EXPECT_GE(to, 0);
    EXPECT_LT(to, kSize);
  }
}

TEST(Permute, SendsEachIndexEverywhereEquallyOften) {
  constexpr int64_t kSize = 7, kKeys = 7000;
  std::vector<std::vector<int>> hits(kSize, std::vector<int>(kSize));
  for (int64_t key = 0; key < kKeys; ++key) {
    for (int64_t i = 0; i < kSize; ++i) {
      ++hits[i][Permute(i, kSize, key)];
    }
  }
  const double expected = kKeys / kSize, sd = std::sqrt(expected * (kSize - 1) / kSize);
  for (const auto& row : hits) {
    for (const int count : row) {
      EXPECT_NEAR(count, expected, 4.5 * sd);
    }
  }
}

}  // namespace
}  // namespace tessera
