// Pictures and tokens.
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstdio>

#include "bench/bench.h"
#include "config/toml.h"
#include "infer/generator.h"

namespace tessera {
namespace {

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

}  // namespace

void TimeDrawing(const std::string& name, int64_t times, const std::vector<std::string>& keys) {
  const GenerateArguments arguments(keys);
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

void TimeWriting(int64_t times, const std::vector<std::string>& keys) {
  const GenerateArguments arguments(keys);
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

}  // namespace tessera
