// The step of training, and what several processes exchange in it.
#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "bench/bench.h"
#include "config/toml.h"
#include "sequence/packer.h"
#include "train/optimizer/optimizer.h"
#include "train/step_gradient.h"

namespace tessera {
namespace {

// <doc> text <image> patches <end-image>: text slots in all, then the picture.
Batch MakeBatch(const Preset& preset, const Model& model) {
  const Vocabulary& v = model.vocabulary();
  const PatchGrid grid{preset.side, preset.side};
  std::vector<Sequence> sequences;
  std::vector<Row> rows;
  for (int64_t row = 0; row < preset.batch; ++row) {
    Sequence sequence;
    sequence.ids.assign(preset.text + grid.size() + 1, v.patch());
    sequence.ids.front() = v.document();
    for (int64_t i = 1; i < preset.text - 1; ++i) {
      sequence.ids[i] = (row * 31 + i * 7) % v.text_size();
    }
    sequence.ids[preset.text - 1] = v.opener(0);
    sequence.ids.back() = v.end_image();
    Image image{preset.side * 4, preset.side * 4, {}};
    for (int64_t i = 0; i < image.height * image.width * 3; ++i) {
      image.rgb.push_back(static_cast<uint8_t>(i * (row + 3) % 256));
    }
    sequence.pictures = {{preset.text, grid, std::move(image)}};
    sequence.weights.assign(sequence.ids.size(), 0);
    std::fill_n(sequence.weights.begin() + 1, preset.text - 2, 1.f);
    sequences.push_back(std::move(sequence));
    rows.push_back({row});
  }
  return PackRows(sequences, rows, 4);
}

// The processes that a launcher started, or this one alone.
Ranks MeetRanks() {
  const auto environment = ReadRankEnvironment(std::getenv);
  TORCH_CHECK(environment.ok(), environment.status().ToString());
  const auto ranks = Ranks::Meet(environment->value_or(RankEnvironment()));
  TORCH_CHECK(ranks.ok(), ranks.status().ToString());
  return *ranks;
}

// A module of one parameter, as large as a full bucket of gradients.
struct OneBucket : torch::nn::Module {
  OneBucket() : a_N(register_parameter("a", at::ones({25 << 18}))) {}
  torch::Tensor a_N;
};

}  // namespace

// Each rank has the same batch, which costs what different ones of that size do.
void TimeTraining(const std::string& name, int64_t steps, const std::vector<std::string>& keys) {
  const Ranks ranks = MeetRanks();
  const Preset preset = PresetOf(name);
  const auto model = MakeModel(preset);
  TrainConfig config;
  config.optimizer.kind = OptimizerKind::kAdamW;
  config.optimizer.lr = 1e-4;
  const absl::Status read = FromToml("", "", keys, &config);
  TORCH_CHECK(read.ok(), read.ToString());
  NamedTensors parameters;
  for (const auto& item : model->named_parameters()) {
    parameters.emplace_back(item.key(), item.value());
  }
  const auto role = [](const std::string& parameter) {
    return parameter.find("layers") != parameter.npos ? ParameterRole::kHidden
                                                      : ParameterRole::kOutput;
  };
  Optimizer optimizer(parameters, role, config, ranks);
  GradientSum sum(model->parameters(), ranks);
  StepInput input{.batches = {MakeBatch(preset, *model)}, .first = ranks.rank()};
  const Summary time = Time(steps, [&] {
    Interval interval;
    optimizer.ZeroGrad();
    AddGradient(*model, input, config, {ranks, sum}, &interval);
    optimizer.ClipGradients(config.optimizer.clip);
    optimizer.Step(1);
    ++input.step;
  });
  const Batch& batch = input.batches[0];
  const auto tokens = static_cast<double>(ranks.size() * batch.rows() * batch.slots());
  if (ranks.writes()) {
    std::printf(
        "{\"name\": \"train\", \"preset\": \"%s\", \"keys\": \"%s\", \"processes\": %d, "
        "\"ms_median\": %.1f, \"ms_min\": %.1f, \"tokens_per_s\": %.0f}\n",
        name.c_str(), Joined(keys).c_str(), static_cast<int>(ranks.size()), time.median, time.least,
        1e3 * tokens / time.median);
  }
}

// A small exchange, of which a step has five, and the sum of 25 MiB of gradients, with the
// elementwise product and its backward pass that make them.
void TimeExchange(int64_t times) {
  const Ranks ranks = MeetRanks();
  const OneBucket module;
  GradientSum sum(module.parameters(), ranks);
  const Summary small = Time(times, [&] { ranks.GatherAlike(at::ones({1})); });
  const Summary bucket = Time(times, [&] {
    module.a_N.mutable_grad() = torch::Tensor();
    sum.Add(module.a_N.dot(module.a_N), 0, 1);
  });
  if (ranks.writes()) {
    std::printf(
        "{\"name\": \"ranks\", \"processes\": %d, \"small_ms_median\": %.3f, "
        "\"bucket_ms_median\": %.1f, \"bucket_ms_min\": %.1f}\n",
        static_cast<int>(ranks.size()), small.median, bucket.median, bucket.least);
  }
}

}  // namespace tessera
