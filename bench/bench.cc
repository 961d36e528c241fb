// Times what people wait for: a training step, a picture, a token. One JSON line a figure.
//   tessera_bench train [S|M] [times] [KEY=VALUE]  a step as the trainer makes it, with AdamW
//   tessera_bench ranks [times]                    what several processes exchange in a step
//   tessera_bench read  RECIPE [times] [KEY=VALUE] the recipe's documents, as batches to train on
//   tessera_bench draw  [S|M] [times] [KEY=VALUE]  pictures of 25 Euler steps a patch
//   tessera_bench text  [times] [KEY=VALUE]        64 tokens after a prompt, the likeliest each
// The keys of train are those of [train]; under torchrun each process computes one batch of a step.
// The keys of draw and text are those of [generate], and batch=N for so many documents at a time.
// Shapes of the presets are those that docs/performance.md compares with others.
#include "bench/bench.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "ops/allocator.h"

namespace tessera {

Preset PresetOf(const std::string& name) {
  TORCH_CHECK(name == "S" || name == "M", "preset S or M, not ", name);
  return name == "S" ? Preset{256, 6, 4, 4, 704, 512, 16, 8, 32}
                     : Preset{512, 8, 8, 8, 1408, 4096, 32, 16, 8};
}

std::shared_ptr<Model> MakeModel(const Preset& preset) {
  ModelConfig config;
  config.patch = 4;
  config.width = preset.width;
  config.layers = preset.layers;
  config.heads = preset.heads;
  config.kv_heads = preset.kv_heads;
  config.ffn = preset.ffn;
  config.qk_norm = false;
  config.tie_text_head = preset.vocabulary == kText.vocabulary;
  config.head.width = preset.width;
  config.head.diffusion.prediction = Prediction::kV;
  config.head.diffusion.repeats = 4;
  const Vocabulary vocabulary(preset.vocabulary - 6, 1);
  torch::manual_seed(0);
  return std::make_shared<Model>(config, vocabulary,
                                 std::vector<PatchGrid>{{preset.side, preset.side}});
}

double Milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

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

std::string Joined(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) {
    joined += (joined.empty() ? "" : " ") + word;
  }
  return joined;
}

}  // namespace tessera

int main(int argc, char** argv) {
  tessera::KeepFreedMemory();
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto next = [&](const std::string& otherwise) {
    const bool given = !arguments.empty() && arguments.front().find('=') == std::string::npos;
    const std::string value = given ? arguments.front() : otherwise;
    arguments.erase(arguments.begin(), arguments.begin() + given);
    return value;
  };
  const std::string what = next("");
  if (what == "text") {
    const int64_t times = std::stoll(next("5"));
    tessera::TimeWriting(times, arguments);
  } else if (what == "ranks") {
    tessera::TimeExchange(std::stoll(next("20")));
  } else if (what == "read") {
    const std::string recipe = next("");
    const int64_t times = std::stoll(next("3"));
    tessera::TimeReading(recipe, times, arguments);
  } else if (what == "train" || what == "draw") {
    const std::string preset = next("S");
    const int64_t times = std::stoll(next("7"));
    what == "train" ? tessera::TimeTraining(preset, times, arguments)
                    : tessera::TimeDrawing(preset, times, arguments);
  } else {
    std::fprintf(stderr,
                 "usage: tessera_bench train|ranks|read|draw|text [S|M|RECIPE] [times] [KEY=VALUE "
                 "...]\n");
    return 2;
  }
}
