#include "distributed/gradient_sum.h"

#include <ATen/Functions.h>
#include <torch/nn/module.h>

#include "tests/distributed/fork_ranks.h"

namespace tessera {
namespace {

constexpr int64_t kNumbers = 37;  // no multiple of the ranks

// Two vectors, of which a loss uses one or both.
struct TwoVectors : torch::nn::Module {
  TwoVectors()
      : a_N(register_parameter("a", at::ones({kNumbers}))),
        b_N(register_parameter("b", at::ones({5}))) {}

  Tensor a_N, b_N;
};

// Numbers of which no two sums in another order are equal.
Tensor FactorOf(int64_t item, int64_t numbers) {
  return (at::arange(numbers, torch::kFloat) * 1.7 + static_cast<double>(item * item)).sin() *
         (1 + 1000 * (item % 3));
}

Tensor LossOf(const TwoVectors& vectors, int64_t item) {
  const Tensor loss = (vectors.a_N * FactorOf(item, kNumbers)).sum();
  return item % 2 == 0 ? loss + (vectors.b_N * FactorOf(item, 5)).sum() : loss;
}

// The gradients of all items on `count` ranks, as each rank has them: checks that they are `whole`.
void ExpectTheSum(int64_t count, int64_t items, const Tensor& whole) {
  OnRanks(count, [&](const Ranks& ranks) {
    const TwoVectors vectors;
    GradientSum sum(vectors.parameters(), ranks);
    const int64_t each = items / count;
    for (int64_t step = 0; step < 2; ++step) {  // the second finds the buckets of the first
      for (const Tensor& parameter : vectors.parameters()) {
        Tensor(parameter).mutable_grad() = Tensor();
      }
      for (int64_t i = 0; i < each; ++i) {
        sum.Add(LossOf(vectors, ranks.rank() * each + i), i, each);
      }
      EXPECT_TRUE(torch::equal(at::cat({vectors.a_N.grad(), vectors.b_N.grad()}), whole))
          << items << " items on " << count << " ranks";
    }
  });
}

// The tree by its definition: halves as long as there are two.
Tensor TreeOf(int64_t first, int64_t items, int64_t numbers, int64_t every) {
  if (items == 1) {
    return first % every == 0 ? FactorOf(first, numbers) : at::zeros({numbers});
  }
  int64_t half = 1;
  while (2 * half < items) {
    half *= 2;
  }
  return TreeOf(first, half, numbers, every) + TreeOf(first + half, items - half, numbers, every);
}

TEST(GradientSum, IsOneTreeOverTheItemsToTheBitOnAnyNumberOfRanks) {
  for (const int64_t items : {4, 8}) {
    const Tensor whole = at::cat({TreeOf(0, items, kNumbers, 1), TreeOf(0, items, 5, 2)});
    for (const int64_t count : {1, 2, 4}) {
      ExpectTheSum(count, items, whole);
    }
  }
}

TEST(GradientSum, AddsUpItemsThatAreNoPowerOfTwo) {
  for (const int64_t items : {1, 3, 6, 7}) {
    ExpectTheSum(1, items, at::cat({TreeOf(0, items, kNumbers, 1), TreeOf(0, items, 5, 2)}));
  }
  OnRanks(3, [](const Ranks& ranks) {
    const TwoVectors vectors;
    GradientSum sum(vectors.parameters(), ranks);
    sum.Add(LossOf(vectors, ranks.rank()), 0, 1);
    EXPECT_TRUE(torch::equal(vectors.a_N.grad(), TreeOf(0, 3, kNumbers, 1)));
  });
}

// A parameter that only an earlier item of one rank used, and one that no item did.
TEST(GradientSum, ReachesRanksWhoseItemsUseLess) {
  OnRanks(2, [](const Ranks& ranks) {
    const TwoVectors vectors;
    GradientSum sum(vectors.parameters(), ranks);
    for (int64_t i = 0; i < 4; ++i) {
      const bool uses = ranks.rank() == 1 && i == 0;
      sum.Add(uses ? (vectors.a_N * FactorOf(7, kNumbers)).sum() : at::zeros({}), i, 4);
    }
    EXPECT_TRUE(torch::equal(vectors.a_N.grad(), FactorOf(7, kNumbers)));
    EXPECT_EQ(vectors.b_N.grad().abs().max().item<double>(), 0);
  });
}

}  // namespace
}  // namespace tessera
