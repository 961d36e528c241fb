#include "sequence/mixed_order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace tessera {
namespace {

std::vector<MixedSet> SetsOf(const std::vector<double>& weights, int64_t size = 5) {
  std::vector<MixedSet> sets;
  for (const double weight : weights) {
    sets.push_back({"x", weight, size + std::ssize(sets)});
  }
  return sets;
}

TEST(MixedTurnAt, NeverIsOffAShareByMoreThanHalfADocumentASet) {
  for (const auto& weights : std::vector<std::vector<double>>{
           {1, 1}, {1, 2}, {.3, .7}, {1, 1000}, {1, 1, 1}, {3, 1, 2}, {M_PI, 1, .1, 7, 2}}) {
    const std::vector<MixedSet> sets = SetsOf(weights);
    double all = 0;
    for (const double weight : weights) {
      all += weight;
    }
    std::vector<int64_t> seen(weights.size());
    for (int64_t turn = 0; turn < 20000; ++turn) {
      const MixedTurn mixed = MixedTurnAt(sets, turn);
      ASSERT_EQ(mixed.turn, seen[mixed.set]++);  // the turns of a set have no gap
      for (size_t i = 0; i < weights.size(); ++i) {
        const double off = static_cast<double>(seen[i]) - weights[i] / all * (turn + 1.);
        ASSERT_LE(std::abs(off), static_cast<double>(weights.size()) / 2 + 1e-6) << turn;
      }
    }
  }
}

TEST(MixedTurnAt, GivesWholeWeightsTheirExactShareOfEachPeriodOfTwoSets) {
  for (int64_t period = 0; period < 100; ++period) {
    int64_t first = 0;
    for (int64_t turn = 7 * period; turn < 7 * (period + 1); ++turn) {
      first += MixedTurnAt(SetsOf({2, 5}), turn).set == 0;
    }
    EXPECT_EQ(first, 2);
  }
}

TEST(MixedTurnAt, PassesOverSetsWithoutDocuments) {
  const std::vector<MixedSet> sets = {{"a", 1, 0}, {"b", 1, 9}, {"c", 1, 0}};
  for (int64_t turn = 0; turn < 9; ++turn) {
    EXPECT_EQ(MixedTurnAt(sets, turn).set, 1u);
    EXPECT_EQ(MixedTurnAt(sets, turn).turn, turn);
  }
}

TEST(DocumentAt, ReadsEachSetOnceAnEpochInAnOrderOfItsOwn) {
  const std::vector<MixedSet> sets = {{"a", 2, 10}, {"b", 1, 4}};
  std::vector<std::vector<int64_t>> read(2);
  for (int64_t turn = 0; turn < 60; ++turn) {
    const int64_t document = DocumentAt(sets, turn, 1);
    read[document >= 10].push_back(document);
  }
  ASSERT_EQ(read[0].size(), 40u);
  for (size_t i = 0; i < 2; ++i) {
    const auto size = static_cast<size_t>(sets[i].size);
    std::set<std::vector<int64_t>> orders;
    for (size_t epoch = 0; epoch < read[i].size() / size; ++epoch) {
      const std::vector<int64_t> order(read[i].begin() + epoch * size,
                                       read[i].begin() + (epoch + 1) * size);
      EXPECT_EQ(std::set(order.begin(), order.end()).size(), size);
      orders.insert(order);
    }
    EXPECT_GT(orders.size(), 1u);
  }
}

TEST(DocumentAt, OfOneSetIsTheOrderOfTheSetAlone) {
  for (int64_t turn = 0; turn < 50; ++turn) {
    EXPECT_EQ(DocumentAt({{"a", .3, 12}}, turn, 5), DocumentAt({{"", 1, 12}}, turn, 5));
    EXPECT_EQ(MixedTurnAt({{"a", .3, 12}}, turn).turn, turn);
  }
}

}  // namespace
}  // namespace tessera
