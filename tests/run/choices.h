// All that can be chosen of a model and its sampler, value by value: which two choices forbid each
// other, and one step and one picture of a tiny model for those that do not. A new kind is met by
// being named, a new key by a line in kKeys.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "heads/sampler/amed.h"
#include "infer/generator.h"
#include "sequence/packer.h"
#include "tests/sequence/toy_documents.h"
#include "tests/train/alone.h"
#include "tests/train/tiny_run.h"

namespace tessera {

inline constexpr const char* kKeys[] = {
    "model.head.kind",       "model.head.diffusion.schedule",
    "generate.sampler.kind", "model.order",
    "model.positions",       "model.mask",
    "model.input.kind",      "model.objective",
    "model.block_head",
};
inline constexpr size_t kNumKeys = std::size(kKeys);
inline constexpr size_t kSchedule = 1, kSampler = 2, kMask = 5;  // in kKeys

inline constexpr char kChoicesRecipe[] = R"(
[model]
patch = 2
grids = ["2x2"]
width = 8
layers = 1
heads = 2
kv_heads = 2
ffn = 8
[model.head]
width = 8
depth = 1
)";

// The index of each key's value.
using Combination = std::array<size_t, kNumKeys>;

class Choices {
 public:
  // Found once a program.
  static Choices& All() {
    static Choices all;
    return all;
  }

  size_t size(size_t key) const { return keys_[key].names.size(); }
  const Combination& defaults() const { return default_; }

  // Whether two values forbid each other, which the others cannot change: the other keys are at
  // their defaults, the sampler also at one that goes with every schedule, the mask also at the one
  // with blocks.
  bool refused(size_t a, size_t i, size_t b, size_t j) const { return refused_[Pair(a, i, b, j)]; }

  bool AnyRefused(const Combination& all) const {
    for (size_t b = 1; b < kNumKeys; ++b) {
      for (size_t a = 0; a < b; ++a) {
        if (refused(a, all[a], b, all[b])) {
          return true;
        }
      }
    }
    return false;
  }

  // What recipes of such pairs are told.
  const std::set<std::string>& sentences() const { return sentences_; }

  // What a recipe of the combination is refused for, apart from keys that have no effect.
  std::string Problem(const Combination& all) {
    for (size_t key = 0; key < kNumKeys; ++key) {
      keys_[key].set(keys_[key].value, all[key]);
    }
    config_.train.image_weight = config_.model.generates_images() ? 1 : 0;
    const bool codes = config_.model.reads_codes() || config_.model.writes_codes();
    config_.model.autoencoder.path = codes ? "none" : "";
    const std::string problem = config_.model.Problem();
    return problem.empty() ? config_.Problem() : problem;
  }

  // As a recipe has it, which names no default but that of the sampler, since the schedule of a
  // recipe that names no sampler decides it.
  absl::StatusOr<RunConfig> Parse(const Combination& all) const {
    std::vector<std::string> overrides;
    for (size_t key = 0; key < kNumKeys; ++key) {
      if (all[key] != default_[key] || key == kSampler) {
        overrides.push_back(std::string(kKeys[key]) + "=" + keys_[key].names[all[key]]);
      }
    }
    if (std::ranges::any_of(overrides, [](const auto& one) { return one.ends_with("=codes"); })) {
      overrides.insert(overrides.end(), {"model.autoencoder.kind=fsq",
                                         "model.autoencoder.path=runs/none",  // not read
                                         "model.autoencoder.width=8", "model.autoencoder.depth=1"});
    }
    if (std::ranges::any_of(overrides, [](const auto& one) {
          return one == "model.mask=block-diagonal" || one == "model.input.kind=resampler";
        })) {
      overrides.emplace_back("train.image_weight=0");
    }
    RunConfig config;
    const absl::Status status = FromToml(kChoicesRecipe, "choices", overrides, &config);
    return status.ok() ? absl::StatusOr<RunConfig>(config) : status;
  }

  std::string NameOf(const Combination& all) const {
    std::string name;
    for (size_t key = 0; key < kNumKeys; ++key) {
      name += std::string(kKeys[key]) + "=" + keys_[key].names[all[key]] + " ";
    }
    return name;
  }

  void TrainAndDraw(const Combination& all) const {
    SCOPED_TRACE(NameOf(all));
    const auto config = Parse(all);
    ASSERT_TRUE(config.ok()) << config.status();
    auto run = MakeRun(*config, ToyTokenizer());
    ASSERT_TRUE(run.ok()) << run.status();
    const Document told = {{"a red dot", NoisePicture(4, 4, 1)}};
    const Batch batch =
        PackRows({Layout(told, run->layout, run->tokenizer)}, {{0}}, run->layout.patch);
    const StepLoss loss = AddGradientAlone(*run->model, {.batches = {batch}}, config->train);
    EXPECT_TRUE(std::isfinite(loss.text + loss.image));
    double gradient = 0;
    for (const Tensor& parameter : run->model->parameters()) {
      gradient += parameter.grad().defined() ? parameter.grad().abs().sum().item<double>() : 0;
    }
    EXPECT_TRUE(std::isfinite(gradient));
    EXPECT_GT(gradient, 0);
    if (config->generate.sampler.kind == SamplerKind::kAmed) {
      run->amed = std::make_shared<AmedPredictor>(AmedConfig(), run->model->joint_dim());
    }
    Go(*run, config->model.generates_images());
  }

 private:
  // Draws a picture or, of a model that draws none, writes behind one.
  static void Go(const Run& run, bool draws) {
    Document prompt = {{"a red dot"}};
    if (!draws) {
      prompt.segments.emplace_back(NoisePicture(4, 4, 1));
    }
    const auto whole = Generate(
        *run.model, run.tokenizer, run.layout, run.config.generate,
        {.prompts = {prompt}, .until = draws ? Until::kImage : Until::kEnd, .amed = run.amed});
    EXPECT_EQ(AsImage(whole[0].segments.at(1))->width, 4);
  }

  Choices() {
    EXPECT_TRUE(FromToml(kChoicesRecipe, "choices", {}, &config_).ok());
    keys_.resize(kNumKeys);
    ForEachField(config_, [&](const Field& field) {
      const auto key = std::ranges::find(kKeys, field.path);
      if (key != std::end(kKeys)) {
        keys_[key - kKeys] = std::get<EnumRef>(field.ref);
      }
    });
    for (size_t key = 0; key < kNumKeys; ++key) {
      default_[key] = keys_[key].get(keys_[key].value);
      first_[key] = total_;
      total_ += size(key);
    }
    FindRefusals();
  }
  Choices(const Choices&) = delete;  // keys_ point into config_

  size_t Pair(size_t a, size_t i, size_t b, size_t j) const {
    return (first_[a] + i) * total_ + first_[b] + j;
  }

  using Choice = std::pair<size_t, size_t>;  // a key and its value

  // Whether the two make a run beside some choices that go with them.
  absl::Status StatusOf(const Choice& one, const Choice& other) const {
    absl::Status status;
    for (const size_t sampler : {static_cast<size_t>(SamplerKind::kDdpm), default_[kSampler]}) {
      for (const auto mask : {default_[kMask], static_cast<size_t>(AttentionMask::kBlockCausal)}) {
        Combination all = default_;
        all[kSampler] = sampler;
        all[kMask] = mask;
        all[one.first] = one.second;
        all[other.first] = other.second;
        status = Parse(all).status();
        if (status.ok()) {
          return status;
        }
      }
    }
    return status;
  }

  void FindRefusals() {
    refused_.resize(total_ * total_);
    for (size_t b = 1; b < kNumKeys; ++b) {
      for (size_t a = 0; a < b; ++a) {
        for (size_t i = 0; i < size(a); ++i) {
          for (size_t j = 0; j < size(b); ++j) {
            const absl::Status status = StatusOf({a, i}, {b, j});
            refused_[Pair(a, i, b, j)] = refused_[Pair(b, j, a, i)] = !status.ok();
            if (!status.ok()) {
              sentences_.insert(std::string(status.message()));
            }
          }
        }
      }
    }
  }

  RunConfig config_;
  std::vector<EnumRef> keys_;
  Combination default_, first_;
  size_t total_ = 0;
  std::vector<bool> refused_;  // by Pair
  std::set<std::string> sentences_;
};

}  // namespace tessera
