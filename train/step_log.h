// What steps of training looked like: sums over an interval, and the line of log.jsonl they become.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "files/json.h"
#include "model/learner.h"
#include "train/binned_mean.h"

namespace tessera {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

// One interval of training. NaN: not measured, which is absent from the line, in a list null.
struct TrainReport {
  int64_t step = 0;       // done
  double progress = 0;    // of the run, in [0, 1]; not in the line
  double minutes = 0;     // of training, over all resumptions
  double text_loss = 0;   // nats a token, as weighted in the batch
  double image_loss = 0;  // of the head, a number of a patch
  double gradient_norm = 0;
  double text_gradient_norm = kNotMeasured;   // of each weighted loss, at the hidden states
  double image_gradient_norm = kNotMeasured;  // that it reads
  double held_out_text_loss = kNotMeasured;   // of the averaged parameters
  double held_out_image_loss = kNotMeasured;
  double lr_factor = 0;
  double tokens_per_second = 0;
  std::vector<double> image_loss_by_level;  // ten bins of the noise level, noise first
  std::vector<double> image_loss_by_patch;  // by the patch's turn in its picture
  std::vector<std::string> sets = {};       // names, of a mixture; then there are losses of each
  std::vector<double> text_loss_by_set = {}, image_loss_by_set = {};
  std::vector<double> held_out_text_loss_by_set = {}, held_out_image_loss_by_set = {};
};

std::string ToJsonLine(const TrainReport& report);
absl::StatusOr<TrainReport> ParseJsonLine(std::string_view line);

// Sums over the batches of an interval, and what was measured in it.
class Interval {
 public:
  void Add(const ModelLoss& loss, LossCounts counts, int64_t slots);
  void Add(const Interval& batches);  // that no step has ended yet
  void EndStep(double seconds);
  void KeepHeldOut(const TrainReport& report);

  bool empty() const { return steps_ == 0; }
  double text_sum() const { return text_sum_; }
  double image_sum() const { return image_sum_; }

  // Sets what is a mean over the interval, and the held-out losses; those by set for the sets that
  // the report names.
  void Fill(TrainReport* report) const;

  // As a checkpoint keeps it, so that the line in which a run was cut is that of the uncut run.
  Json ToJson() const;
  static Interval FromJson(const Json& json);

 private:
  template <class Self, class Visitor>
  static void Visit(Self& self, const Visitor& visit) {
    visit("steps", self.steps_);
    visit("seconds", self.seconds_);
    visit("slots", self.slots_);
    visit("text_sum", self.text_sum_);
    visit("text_count", self.counts_.text);
    visit("image_sum", self.image_sum_);
    visit("image_count", self.counts_.image);
    visit("held_out_text_loss", self.held_out_text_);
    visit("held_out_image_loss", self.held_out_image_);
    visit("level_sum", self.by_level_.sum);
    visit("level_count", self.by_level_.count);
    visit("patch_sum", self.by_patch_.sum);
    visit("patch_count", self.by_patch_.count);
    visit("set_text_sum", self.text_by_set_.sum);
    visit("set_text_count", self.text_by_set_.count);
    visit("set_image_sum", self.image_by_set_.sum);
    visit("set_image_count", self.image_by_set_.count);
    visit("set_held_out_text_loss", self.held_out_text_by_set_);
    visit("set_held_out_image_loss", self.held_out_image_by_set_);
  }

  double steps_ = 0, seconds_ = 0, slots_ = 0;
  double text_sum_ = 0, image_sum_ = 0;
  LossCounts counts_;
  double held_out_text_ = kNotMeasured, held_out_image_ = kNotMeasured;
  BinnedMean by_level_, by_patch_, text_by_set_, image_by_set_;
  std::vector<double> held_out_text_by_set_, held_out_image_by_set_;
};

}  // namespace tessera
