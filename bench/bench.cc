// Times what people wait for: a training step, a picture, a token. One JSON line a figure.
//   tessera_bench train [S|M] [times] [KEY=VALUE]  a step as the trainer makes it, with AdamW
//   tessera_bench ranks [times]                    what several processes exchange in a step
//   tessera_bench draw  [S|M] [times] [KEY=VALUE]  pictures of 25 Euler steps a patch
//   tessera_bench text  [times] [KEY=VALUE]        64 tokens after a prompt, the likeliest each
// The keys of train are those of [train]; under torchrun each process computes one batch of a step.
// The keys of draw and text are those of [generate], and batch=N for so many documents at a time.
// Shapes of the presets are those that docs/performance.md compares with others.
#include <ATen/Functions.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "config/toml.h"
#include "infer/generator.h"
#include "ops/allocator.h"
#include "ops/random.h"
#include "sequence/packer.h"
#include "train/optimizer/optimizer.h"
#include "train/step_gradient.h"

namespace tessera {
namespace {

struct Preset {
  int64_t width, layers, heads, kv_heads, ffn, vocabulary, text, side, batch;
};

Preset PresetOf(const std::string& name) {
  TORCH_CHECK(name == "S" || name == "M", "preset S or M, not ", name);
  return name == "S" ? Preset{256, 6, 4, 4, 704, 512, 16, 8, 32}
                     : Preset{512, 8, 8, 8, 1408, 4096, 32, 16, 8};
}

// The shape of SmolLM2-135M, a Llama whose text head is its embedding.
constexpr Preset kText = {576, 30, 9, 3, 1536, 49152, 64, 1, 1};

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

std::string Joined(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) {
    joined += (joined.empty() ? "" : " ") + word;
  }
  return joined;
}

// The processes that a launcher started, or this one alone.
Ranks MeetRanks() {
  const auto environment = ReadRankEnvironment(std::getenv);
  TORCH_CHECK(environment.ok(), environment.status().ToString());
  const auto ranks = Ranks::Meet(environment->value_or(RankEnvironment()));
  TORCH_CHECK(ranks.ok(), ranks.status().ToString());
  return *ranks;
}

// Each rank has the same batch, which costs what different ones of that size do.
void Train(const std::string& name, int64_t steps, const std::vector<std::string>& keys) {
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
  GradientSum sum(*model, ranks);
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

// A module of one parameter, as large as a full bucket of gradients.
struct OneBucket : torch::nn::Module {
  OneBucket() : a_N(register_parameter("a", at::ones({25 << 18}))) {}
  torch::Tensor a_N;
};

// A small exchange, of which a step has four, and the sum of 25 MiB of gradients, with the
// elementwise product and its backward pass that make them.
void Exchange(int64_t times) {
  const Ranks ranks = MeetRanks();
  const OneBucket module;
  GradientSum sum(module, ranks);
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

// What the command line says of drawing and writing.
struct GenerateArguments {
  GenerateConfig config;
  int64_t batch = 1;
  std::string keys;  // as given

  explicit GenerateArguments(const std::vector<std::string>& arguments) : keys(Joined(arguments)) {
    config.sampler.kind = SamplerKind::kEuler;
    config.sampler.steps = 25;
    config.text_temperature = 0;
    std::vector<std::string> overrides;
    for (const std::string& argument : arguments) {
      if (argument.starts_with("batch=")) {
        batch = std::stoll(argument.substr(6));
      } else {
        overrides.push_back(argument);
      }
    }
    const absl::Status read = FromToml("", "", overrides, &config);
    TORCH_CHECK(read.ok(), read.ToString());
  }
};

// A tokenizer that knows the words of the prompts.
Tokenizer MakeTokenizer() {
  const auto tokenizer = Tokenizer::Train({"a red circle left of a small blue square"}, {});
  TORCH_CHECK(tokenizer.ok(), tokenizer.status().ToString());
  return *tokenizer;
}

LayoutSpec LayoutOf(const Model& model) {
  return {model.vocabulary(), model.grids(), 4, Fit::kCover, 1, 0, {}};
}

void Draw(const std::string& name, int64_t times, const GenerateArguments& arguments) {
  const auto model = MakeModel(PresetOf(name));
  const Tokenizer tokenizer = MakeTokenizer();
  GenerateRequest request;
  request.prompts.assign(arguments.batch, {{std::string("a red circle left of a small square")}});
  request.until = Until::kImage;
  const Summary time = Time(
      times, [&] { Generate(*model, tokenizer, LayoutOf(*model), arguments.config, request); });
  const auto pictures = static_cast<double>(arguments.batch);
  std::printf(
      "{\"name\": \"draw\", \"preset\": \"%s\", \"keys\": \"%s\", \"ms_median\": %.1f, "
      "\"ms_min\": %.1f}\n",
      name.c_str(), arguments.keys.c_str(), time.median / pictures, time.least / pictures);
}

void Text(int64_t times, const GenerateArguments& arguments) {
  constexpr int64_t kTokens = 64;
  const auto model = MakeModel(kText);
  const Tokenizer tokenizer = MakeTokenizer();
  Document prompt = {{std::string()}};
  while (std::ssize(tokenizer.Encode(std::get<std::string>(prompt.segments[0]))) < kText.text) {
    std::get<std::string>(prompt.segments[0]) += " red";
  }
  std::vector<double> ms;
  for (int64_t run = 0; run <= times; ++run) {
    Engine engine(*model, tokenizer, LayoutOf(*model), OptionsOf(arguments.config));
    for (int64_t i = 0; i < arguments.batch; ++i) {
      engine.Add({.prompt = prompt, .config = arguments.config, .index = i});
    }
    engine.Step();  // reads the prompts
    const double time = Milliseconds([&] {
      for (int64_t token = 0; token < kTokens; ++token) {
        TORCH_CHECK(std::ssize(engine.Step()) == arguments.batch, "a document wrote no token");
      }
    });
    if (run > 0) {
      ms.push_back(time / kTokens);
    }
  }
  std::sort(ms.begin(), ms.end());
  const double median = ms[ms.size() / 2], rows = 1e3 * static_cast<double>(arguments.batch);
  std::printf(
      "{\"name\": \"text\", \"keys\": \"%s\", \"ms_median\": %.2f, \"ms_min\": %.2f, "
      "\"tokens_per_s\": %.1f, \"tokens_per_s_best\": %.1f}\n",
      arguments.keys.c_str(), median, ms.front(), rows / median, rows / ms.front());
}

}  // namespace
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
    tessera::Text(times, tessera::GenerateArguments(arguments));
  } else if (what == "ranks") {
    tessera::Exchange(std::stoll(next("20")));
  } else if (what == "train" || what == "draw") {
    const std::string preset = next("S");
    const int64_t times = std::stoll(next("7"));
    what == "train" ? tessera::Train(preset, times, arguments)
                    : tessera::Draw(preset, times, tessera::GenerateArguments(arguments));
  } else {
    std::fprintf(stderr,
                 "usage: tessera_bench train|ranks|draw|text [S|M] [times] [KEY=VALUE ...]\n");
    return 2;
  }
}
