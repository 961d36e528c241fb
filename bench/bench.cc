// Times what people wait for: a training step, a picture. One JSON line a figure.
//   tessera_bench train [S|M] [steps]        forward, backward, clip, AdamW; bf16
//   tessera_bench draw  [S|M] [pictures]     one picture at a time, f32, no guidance
// Shapes of the two presets are those that docs/performance.md compares with Python.
#include <ATen/Functions.h>
#include <ATen/autocast_mode.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "infer/generator.h"
#include "ops/allocator.h"
#include "ops/random.h"
#include "sequence/packer.h"
#include "train/optimizer/optimizer.h"

namespace tessera {
namespace {

struct Preset {
  int64_t width, layers, heads, ffn, vocabulary, text, side, batch;
};

Preset PresetOf(const std::string& name) {
  TORCH_CHECK(name == "S" || name == "M", "preset S or M, not ", name);
  return name == "S" ? Preset{256, 6, 4, 704, 512, 16, 8, 32}
                     : Preset{512, 8, 8, 1408, 4096, 32, 16, 8};
}

std::shared_ptr<Model> MakeModel(const Preset& preset) {
  ModelConfig config;
  config.patch = 4;
  config.width = preset.width;
  config.layers = preset.layers;
  config.heads = config.kv_heads = preset.heads;
  config.ffn = preset.ffn;
  config.qk_norm = false;
  config.head.width = preset.width;
  config.head.diffusion.prediction = Prediction::kV;
  config.head.diffusion.repeats = 4;
  const Vocabulary vocabulary(preset.vocabulary - 6, 1);
  torch::manual_seed(0);
  return std::make_shared<Model>(config, vocabulary,
                                 std::vector<PatchGrid>{{preset.side, preset.side}});
}

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

double Milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

struct Summary {
  double median, least;
};

// After three runs that warm up.
Summary Time(int64_t times, const std::function<void()>& work) {
  for (int64_t i = 0; i < 3; ++i) {
    work();
  }
  std::vector<double> ms;
  for (int64_t i = 0; i < times; ++i) {
    ms.push_back(Milliseconds(work));
  }
  std::sort(ms.begin(), ms.end());
  return {ms[ms.size() / 2], ms.front()};
}

void Train(const std::string& name, int64_t steps) {
  const Preset preset = PresetOf(name);
  const auto model = MakeModel(preset);
  const Batch batch = MakeBatch(preset, *model);
  TrainConfig config;
  config.optimizer.kind = OptimizerKind::kAdamW;
  config.optimizer.lr = 1e-4;
  NamedTensors parameters;
  for (const auto& item : model->named_parameters()) {
    parameters.emplace_back(item.key(), item.value());
  }
  Optimizer optimizer(
      parameters, [](const std::string&) { return ParameterRole::kOutput; }, config);
  const LossCounts counts = CountLosses(batch);
  int64_t step = 0;
  const Summary time = Time(steps, [&] {
    optimizer.ZeroGrad();
    ModelLoss loss;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    loss = model->Loss(batch, {1 / counts.text, 1 / counts.image},
                       MakeGenerator(torch::kCPU, 0, Stream::kLoss, step++));
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
    loss.total.backward();
    optimizer.ClipGradients(1);
    optimizer.Step(1);
    loss.total.item<double>();
  });
  std::printf(
      "{\"name\": \"train\", \"preset\": \"%s\", \"ms_median\": %.1f, \"ms_min\": %.1f, "
      "\"tokens_per_s\": %.0f}\n",
      name.c_str(), time.median, time.least,
      1e3 * static_cast<double>(batch.rows() * batch.slots()) / time.median);
}

void Draw(const std::string& name, int64_t pictures) {
  const Preset preset = PresetOf(name);
  const auto model = MakeModel(preset);
  const auto tokenizer = Tokenizer::Train({"a red circle left of a small blue square"}, {});
  TORCH_CHECK(tokenizer.ok(), tokenizer.status().ToString());
  LayoutSpec layout{model->vocabulary(), model->grids(), 4, Fit::kCover, 1, 0, {}};
  GenerateConfig config;
  config.sampler.kind = SamplerKind::kEuler;
  GenerateRequest request;
  request.prompts = {{{std::string("a red circle left of a small blue square")}}};
  request.until = Until::kImage;
  for (const int64_t steps : {10, 25}) {
    config.sampler.steps = steps;
    const Summary time =
        Time(pictures, [&] { Generate(*model, *tokenizer, layout, config, request); });
    std::printf(
        "{\"name\": \"draw\", \"preset\": \"%s\", \"head_steps\": %d, \"ms_median\": %.1f, "
        "\"ms_min\": %.1f}\n",
        name.c_str(), static_cast<int>(steps), time.median, time.least);
  }
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  tessera::KeepFreedMemory();
  const std::string what = argc > 1 ? argv[1] : "";
  const std::string preset = argc > 2 ? argv[2] : "S";
  const int64_t times = argc > 3 ? std::stoll(argv[3]) : 7;
  if (what == "train") {
    tessera::Train(preset, times);
  } else if (what == "draw") {
    tessera::Draw(preset, times);
  } else {
    std::fprintf(stderr, "usage: tessera_bench train|draw [S|M] [times]\n");
    return 2;
  }
}
