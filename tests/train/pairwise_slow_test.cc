// Every combination of head, order, positions, mask, input and objective that nothing forbids
// trains one step and draws one picture. Samplers and schedules take turns: they see no more of a
// model than the head's guess of a clean patch.
#include "tests/run/choices.h"

namespace tessera {
namespace {

class FullWalk {
 public:
  FullWalk() { all_ = choices_.defaults(); }

  int64_t Go(size_t key = 0) {
    if (key == kNumKeys) {
      return TakeTurn();
    }
    if (key == kSchedule || key == kSampler) {
      return Go(key + 1);
    }
    int64_t drawn = 0;
    for (size_t value = 0; value < choices_.size(key); ++value) {
      all_[key] = value;
      drawn += Go(key + 1);
    }
    return drawn;
  }

 private:
  // With the next schedule and sampler that are allowed; 0 if the rest is not.
  int64_t TakeTurn() {
    const size_t samplers = choices_.size(kSampler), turns = samplers * choices_.size(kSchedule);
    for (size_t tried = 0; tried < turns; ++tried) {
      turn_ = (turn_ + 1) % turns;
      all_[kSchedule] = turn_ / samplers;
      all_[kSampler] = turn_ % samplers;
      if (!choices_.AnyRefused(all_)) {
        choices_.TrainAndDraw(all_);
        return 1;
      }
    }
    return 0;
  }

  const Choices& choices_ = Choices::All();
  Combination all_;
  size_t turn_ = 0;
};

TEST(Walk, EveryCombinationThatNothingForbidsTrainsAndDraws) {
  const int64_t drawn = FullWalk().Go();
  std::cout << drawn << " models\n";
  EXPECT_GT(drawn, 3000);
}

}  // namespace
}  // namespace tessera
