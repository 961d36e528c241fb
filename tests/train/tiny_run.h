// A run that trains in a moment, and what its folder holds apart from time.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "config/toml.h"
#include "tests/files/temp_folder.h"
#include "train/trainer.h"

namespace tessera {

inline constexpr char kTinyRecipe[] = R"(
[tokenizer]
size = 300
documents = 20
[model]
grids = ["2x2"]
width = 16
layers = 1
heads = 2
kv_heads = 2
ffn = 16
[model.head]
width = 16
depth = 1
[train]
steps = 6
batch = 2
row_length = 64
warmup = 2
ema = 0.9
log_every = 1
evaluate_every = 0
checkpoint_every = 0
sample_every = 1
[generate.sampler]
steps = 2
)";

inline RunConfig TinyRun(const std::vector<std::string>& overrides = {}) {
  RunConfig config;
  const absl::Status status = FromToml(kTinyRecipe, "tiny", overrides, &config);
  EXPECT_TRUE(status.ok()) << status;
  return config;
}

struct TinyOptions {
  bool resume = false;
  std::string from = {};
  int64_t stop_after = 0;  // as a signal stops a run
  std::function<absl::Status(const Run&, TrainReport*)> on_evaluate = {};
  std::function<absl::Status(int64_t step)> on_sample = {};
  std::shared_ptr<const Files> files = std::make_shared<const Files>();
};

inline absl::Status TrainTiny(const RunConfig& config, const std::string& out,
                              const TinyOptions& options = {}) {
  std::atomic<bool> stop = false;
  TrainHooks hooks;
  hooks.on_sample = [&](const Run&, int64_t step) {
    stop = step == options.stop_after;
    return options.on_sample ? options.on_sample(step) : absl::OkStatus();
  };
  hooks.on_evaluate = options.on_evaluate;
  hooks.stop = &stop;
  return Train(config, {out, options.from, options.resume}, options.files, hooks);
}

// A measure of the parameters alone, so that it does not matter when it is taken.
inline absl::Status NormAsLoss(const Run& run, TrainReport* report) {
  report->held_out_text_loss = run.model->parameters()[0].norm().item<double>();
  report->held_out_image_loss = 0;
  return absl::OkStatus();
}

// The text without the lines that hold the word.
inline std::string WithoutLines(const std::string& text, const std::string& word) {
  std::istringstream lines(text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    kept += line.find(word) == std::string::npos ? line + "\n" : "";
  }
  return kept;
}

inline std::string BytesOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// Every file of the checkpoints, by its path; of state.json all but times.
inline std::map<std::string, std::string> CheckpointsIn(const std::string& run) {
  std::map<std::string, std::string> files;
  const std::filesystem::path folder = run + "/checkpoints";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[entry.path().lexically_relative(folder)] =
          WithoutLines(WithoutLines(BytesOf(entry.path()), "\"minutes\""), "\"seconds\"");
    }
  }
  return files;
}

using FileNames = std::set<std::string>;

// The files that only one of two runs has or that are not equal.
inline FileNames DifferentFiles(const std::map<std::string, std::string>& a,
                                const std::map<std::string, std::string>& b) {
  FileNames names;
  for (const auto& [left, right] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    for (const auto& [name, bytes] : *left) {
      if (const auto found = right->find(name); found == right->end() || found->second != bytes) {
        names.insert(name);
      }
    }
  }
  return names;
}

// The lines of the log, without what depends on the clock.
inline std::vector<std::string> LogOf(const std::string& run) {
  std::istringstream lines(BytesOf(run + "/log.jsonl"));
  std::vector<std::string> log;
  for (std::string line; std::getline(lines, line);) {
    auto report = ParseJsonLine(line);
    EXPECT_TRUE(report.ok()) << report.status();
    report->minutes = report->tokens_per_second = 0;
    log.push_back(ToJsonLine(*report));
  }
  return log;
}

}  // namespace tessera
