// Every choice beside every other: what forbids what, and every two that may meet in a tiny model.
// tests/train/pairwise_slow_test.cc walks over all combinations.
#include "tests/run/choices.h"

namespace tessera {
namespace {

constexpr size_t kArranged[] = {3, 4, 6};  // of kKeys: order, positions, input

TEST(Walk, RefusesInASentence) {
  const Choices& choices = Choices::All();
  EXPECT_GT(choices.sentences().size(), 0);
  for (const std::string& sentence : choices.sentences()) {
    EXPECT_GE(std::ranges::count(sentence, ' '), 5) << sentence;
  }
}

// Calls `use` with every combination that begins as `all` up to `key`.
template <class Use>
void ForEachCombination(const Choices& choices, Combination* all, size_t key, const Use& use) {
  if (key == kNumKeys) {
    use(*all);
    return;
  }
  for ((*all)[key] = 0; (*all)[key] < choices.size(key); ++(*all)[key]) {
    ForEachCombination(choices, all, key + 1, use);
  }
}

// Where order, positions and input are not at their defaults, the parser is not asked: it takes a
// hundred times as long as the problems that it would find.
TEST(Walk, TwoChoicesForbidACombinationOrNothingDoes) {
  Choices& choices = Choices::All();
  int64_t allowed = 0;
  std::string wrong;
  Combination all{};
  ForEachCombination(choices, &all, 0, [&](const Combination& one) {
    const bool refused = choices.AnyRefused(one);
    const bool parsed = std::ranges::all_of(
        kArranged, [&](size_t key) { return one[key] == choices.defaults()[key]; });
    const bool right =
        parsed ? refused != choices.Parse(one).ok() : refused || choices.Problem(one).empty();
    wrong = right ? wrong : choices.NameOf(one);
    allowed += !refused;
  });
  EXPECT_EQ(wrong, "");
  std::cout << allowed << " combinations are allowed\n";
  EXPECT_GT(allowed, 20000);
}

// The choices of two keys that no model had yet, and models that have as many as can be.
class PairWalk {
 public:
  PairWalk() {
    for (size_t b = 1; b < kNumKeys; ++b) {
      for (size_t a = 0; a < b; ++a) {
        for (size_t i = 0; i < choices_.size(a); ++i) {
          for (size_t j = 0; j < choices_.size(b); ++j) {
            if (!choices_.refused(a, i, b, j)) {
              open_.insert({std::pair(a, i), std::pair(b, j)});
            }
          }
        }
      }
    }
  }

  int64_t Go() {
    int64_t drawn = 0;
    for (; !open_.empty(); ++drawn) {
      const Combination all = Extend(*open_.begin());
      choices_.TrainAndDraw(all);
      std::erase_if(open_, [&](const Pair& pair) {
        return std::ranges::all_of(pair,
                                   [&](const auto& one) { return all[one.first] == one.second; });
      });
    }
    return drawn;
  }

 private:
  using Choice = std::pair<size_t, size_t>;  // a key and its value
  using Pair = std::array<Choice, 2>;

  // To each other key the value that closes most open pairs, among those that nothing forbids.
  Combination Extend(const Pair& pair) const {
    std::vector<Choice> chosen(pair.begin(), pair.end());
    for (size_t key = 0; key < kNumKeys; ++key) {
      if (key == pair[0].first || key == pair[1].first) {
        continue;
      }
      Choice best = {key, choices_.defaults()[key]};
      int64_t most = -1;
      for (size_t value = 0; value < choices_.size(key); ++value) {
        const bool refused = std::ranges::any_of(chosen, [&](const Choice& one) {
          return choices_.refused(one.first, one.second, key, value);
        });
        const int64_t closed = std::ranges::count_if(chosen, [&](const Choice& one) {
          const Choice next = {key, value};
          return open_.contains(one < next ? Pair{one, next} : Pair{next, one});
        });
        if (!refused && closed > most) {
          best = {key, value};
          most = closed;
        }
      }
      chosen.push_back(best);
    }
    Combination all{};
    for (const auto& [key, value] : chosen) {
      all[key] = value;
    }
    return all;
  }

  const Choices& choices_ = Choices::All();
  std::set<Pair> open_;
};

TEST(Walk, EveryTwoChoicesThatMayMeetTrainAndDraw) {
  const int64_t drawn = PairWalk().Go();
  std::cout << drawn << " models\n";
  EXPECT_GE(drawn, 13 * 9);  // samplers and orders
}

}  // namespace
}  // namespace tessera
