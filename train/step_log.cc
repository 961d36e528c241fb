#include "train/step_log.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <type_traits>

#include "config/status.h"
#include "files/json.h"

namespace tessera {
namespace {

// The keys of a line besides "step", in their order.
struct NumberKey {
  const char* name;
  double TrainReport::*value;
};
constexpr NumberKey kNumbers[] = {
    {"minutes", &TrainReport::minutes},
    {"text_loss", &TrainReport::text_loss},
    {"image_loss", &TrainReport::image_loss},
    {"held_out_text_loss", &TrainReport::held_out_text_loss},
    {"held_out_image_loss", &TrainReport::held_out_image_loss},
    {"gradient_norm", &TrainReport::gradient_norm},
    {"text_gradient_norm", &TrainReport::text_gradient_norm},
    {"image_gradient_norm", &TrainReport::image_gradient_norm},
    {"lr_factor", &TrainReport::lr_factor},
    {"tokens_per_second", &TrainReport::tokens_per_second},
};
struct ListKey {
  const char* name;
  std::vector<double> TrainReport::*values;
};
constexpr ListKey kLists[] = {
    {"image_loss_by_level", &TrainReport::image_loss_by_level},
    {"image_loss_by_patch", &TrainReport::image_loss_by_patch},
};

// Objects of a number for each set of a mixture.
constexpr ListKey kBySet[] = {
    {"text_loss_by_set", &TrainReport::text_loss_by_set},
    {"image_loss_by_set", &TrainReport::image_loss_by_set},
    {"held_out_text_loss_by_set", &TrainReport::held_out_text_loss_by_set},
    {"held_out_image_loss_by_set", &TrainReport::held_out_image_loss_by_set},
};

Json ListJson(const std::vector<double>& values) {
  JsonArray list;
  for (const double value : values) {
    list.push_back({value});
  }
  return {std::move(list)};
}

// Empty if it is no list.
std::vector<double> NumbersOf(const Json& json) {
  std::vector<double> numbers;
  if (const JsonArray* list = json.AsArray()) {
    std::ranges::transform(*list, std::back_inserter(numbers), &Json::AsNumber);
  }
  return numbers;
}

// {"name": value} without the sets of which nothing was measured.
Json BySetJson(const std::vector<std::string>& sets, const std::vector<double>& values) {
  JsonObject object;
  for (size_t i = 0; i < std::min(sets.size(), values.size()); ++i) {
    if (!std::isnan(values[i])) {
      object.emplace_back(sets[i], Json{values[i]});
    }
  }
  return {std::move(object)};
}

// Adds the names that are new to *sets.
std::vector<double> ReadBySet(const Json& json, std::vector<std::string>* sets) {
  std::vector<double> values(sets->size(), kNotMeasured);
  for (const auto& [name, value] : *json.AsObject()) {
    const size_t i = std::ranges::find(*sets, name) - sets->begin();
    if (i == sets->size()) {
      sets->push_back(name);
    }
    values.resize(sets->size(), kNotMeasured);
    values[i] = value.AsNumber();
  }
  return values;
}

BinnedMean SumsOf(const Tensor& sums_2S) {
  const Tensor sums = sums_2S.contiguous();
  const double *sum = sums.const_data_ptr<double>(), *count = sum + sums.size(1);
  return {{sum, count}, {count, count + sums.size(1)}};
}

std::vector<double> MeansOf(const BinnedMean& by_set, size_t sets) {
  std::vector<double> means = by_set.Means();
  means.resize(sets, kNotMeasured);
  return means;
}

}  // namespace

std::string ToJsonLine(const TrainReport& report) {
  JsonObject line = {{"step", {report.step}}};
  for (const auto& [name, value] : kNumbers) {
    if (!std::isnan(report.*value)) {
      line.emplace_back(name, Json{report.*value});
    }
  }
  for (const auto& [name, values] : kLists) {
    line.emplace_back(name, ListJson(report.*values));
  }
  for (const auto& [name, values] : kBySet) {
    if (!(report.*values).empty()) {
      line.emplace_back(name, BySetJson(report.sets, report.*values));
    }
  }
  return DumpJson({std::move(line)}) + "\n";
}

absl::StatusOr<TrainReport> ParseJsonLine(std::string_view line) {
  ASSIGN_OR_RETURN(const Json json, ParseJson(line));
  const Json* step = json.Find("step");
  if (step == nullptr || !std::holds_alternative<int64_t>(step->value)) {
    return absl::InvalidArgumentError("there is no integer \"step\"");
  }
  TrainReport report;
  report.step = std::get<int64_t>(step->value);
  for (const auto& [name, value] : kNumbers) {
    const Json* number = json.Find(name);
    report.*value = number != nullptr ? number->AsNumber() : kNotMeasured;
  }
  for (const auto& [name, values] : kLists) {
    const Json* list = json.Find(name);
    if (list != nullptr) {
      report.*values = NumbersOf(*list);
    }
  }
  for (const auto& [name, values] : kBySet) {
    const Json* object = json.Find(name);
    if (object != nullptr && object->AsObject() != nullptr) {
      report.*values = ReadBySet(*object, &report.sets);
    }
  }
  return report;
}

void Interval::Add(const ModelLoss& loss, LossCounts counts, int64_t slots) {
  text_sum_ += loss.text_sum.item<double>();
  image_sum_ += loss.image_sum.item<double>();
  counts_.text += counts.text;
  counts_.image += counts.image;
  slots_ += static_cast<double>(slots);
  if (loss.image.by_patch_N.defined()) {
    by_patch_.Add(loss.turn_N, loss.image.by_patch_N);
  }
  if (loss.image.level_M.defined()) {
    by_level_.AddByLevel(loss.image.level_M, loss.image.by_level_M);
  }
  if (loss.by_set.text_2S.defined()) {
    text_by_set_.Add(SumsOf(loss.by_set.text_2S));
  }
  if (loss.by_set.image_2S.defined()) {
    image_by_set_.Add(SumsOf(loss.by_set.image_2S));
  }
}

void Interval::Add(const Interval& batches) {
  text_sum_ += batches.text_sum_;
  image_sum_ += batches.image_sum_;
  counts_.text += batches.counts_.text;
  counts_.image += batches.counts_.image;
  slots_ += batches.slots_;
  by_patch_.Add(batches.by_patch_);
  by_level_.Add(batches.by_level_);
  text_by_set_.Add(batches.text_by_set_);
  image_by_set_.Add(batches.image_by_set_);
}

void Interval::EndStep(double seconds) {
  seconds_ += seconds;
  ++steps_;
}

void Interval::KeepHeldOut(const TrainReport& report) {
  held_out_text_ = report.held_out_text_loss;
  held_out_image_ = report.held_out_image_loss;
  held_out_text_by_set_ = report.held_out_text_loss_by_set;
  held_out_image_by_set_ = report.held_out_image_loss_by_set;
}

void Interval::Fill(TrainReport* report) const {
  report->text_loss = counts_.text > 0 ? text_sum_ / counts_.text : kNotMeasured;
  report->image_loss = counts_.image > 0 ? image_sum_ / counts_.image : kNotMeasured;
  report->held_out_text_loss = held_out_text_;
  report->held_out_image_loss = held_out_image_;
  report->tokens_per_second = slots_ / seconds_;
  report->image_loss_by_level = by_level_.Means();
  report->image_loss_by_patch = by_patch_.Means();
  if (!report->sets.empty()) {
    report->text_loss_by_set = MeansOf(text_by_set_, report->sets.size());
    report->image_loss_by_set = MeansOf(image_by_set_, report->sets.size());
    report->held_out_text_loss_by_set = held_out_text_by_set_;
    report->held_out_image_loss_by_set = held_out_image_by_set_;
  }
}

Json Interval::ToJson() const {
  JsonObject json;
  Visit(*this, [&](const char* name, const auto& value) {
    if constexpr (std::is_same_v<decltype(value), const double&>) {
      json.emplace_back(name, Json{value});
    } else if (!value.empty()) {
      json.emplace_back(name, ListJson(value));
    }
  });
  return {std::move(json)};
}

Interval Interval::FromJson(const Json& json) {
  Interval interval;
  Visit(interval, [&](const char* name, auto& value) {
    const Json* found = json.Find(name);
    if (found == nullptr) {
      return;
    }
    if constexpr (std::is_same_v<decltype(value), double&>) {
      value = found->AsNumber();
    } else {
      value = NumbersOf(*found);
    }
  });
  return interval;
}

}  // namespace tessera
