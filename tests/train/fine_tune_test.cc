// Runs that begin from another run, whole or with adapters.
#include <ATen/Functions.h>
#include <torch/types.h>

#include <algorithm>

#include "files/json.h"
#include "run/base_hash.h"
#include "run/safetensors.h"
#include "tests/train/tiny_run.h"

namespace tessera {
namespace {

const std::vector<std::string> kLora = {"train.adapter.kind=lora", "train.adapter.rank=2",
                                        "train.adapter.targets=[*]"};

std::vector<std::string> With(std::vector<std::string> keys, const std::vector<std::string>& more) {
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

// A folder with the run `base`, trained once for the whole program: nothing changes it.
const TempFolder& Base() {
  static const TempFolder folder;
  static const bool trained = TrainTiny(TinyRun({"train.steps=2"}), folder / "base").ok();
  EXPECT_TRUE(trained);
  return folder;
}

class FineTune : public testing::Test {
 protected:
  absl::Status Train(const std::vector<std::string>& keys, const std::string& out,
                     TinyOptions options = {}) const {
    options.from = Base() / "base";
    return TrainTiny(TinyRun(keys), folder_ / out, options);
  }

  NamedTensors Tensors(const std::string& path) const {
    return *ReadTensors(Files(), folder_ / path);
  }

  static NamedTensors BaseTensors() {
    return *ReadTensors(Files(), Base() / "base/checkpoints/step-000002/ema.safetensors");
  }

  TempFolder folder_;
};

bool Equal(const NamedTensors& a, const NamedTensors& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && torch::equal(x.second, y.second);
  });
}

TEST_F(FineTune, BeginsWithTheAveragedWeightsAndTheTokenizerOfTheBase) {
  ASSERT_TRUE(Train({"train.optimizer.lr=0", "train.optimizer.muon_lr=0"}, "whole").ok());
  ASSERT_TRUE(Train(With(kLora, {"train.optimizer.lr=0"}), "lora").ok());
  for (const char* name : {"whole", "lora"}) {
    const auto run = LoadRun(folder_ / name, Files());
    ASSERT_TRUE(run.ok()) << run.status();
    const auto base = LoadRun(Base() / "base", Files());
    EXPECT_TRUE(Equal(Parameters(*run->model), Parameters(*base->model))) << name;
    EXPECT_EQ(run->tokenizer.Serialized(), base->tokenizer.Serialized()) << name;
  }
}

TEST_F(FineTune, LeavesFrozenParametersAsTheyAreAndWithoutOptimizerState) {
  const std::vector<std::string> keys = {"train.freeze=[model.*, embed_tokens]", "train.ema=0.5"};
  ASSERT_TRUE(Train(keys, "run").ok());
  const auto begun = BaseTensors();
  for (const char* name : {"ema.safetensors", "model.safetensors"}) {
    const NamedTensors ended = Tensors("run/checkpoints/step-000006/" + std::string(name));
    for (size_t i = 0; i < ended.size(); ++i) {
      const std::string& key = ended[i].first;
      const bool frozen = key.starts_with("model.") || key == "embed_tokens";
      const bool unused = key == "hidden_patch";  // where no document hides a picture
      EXPECT_EQ(torch::equal(ended[i].second, begun[i].second), frozen || unused) << key;
    }
  }
  for (const auto& [name, tensor] : Tensors("run/checkpoints/step-000006/optimizer.safetensors")) {
    EXPECT_EQ(name.find(".model."), name.npos) << name;
    EXPECT_EQ(name.find(".embed_tokens"), name.npos) << name;
  }
}

TEST_F(FineTune, WritesAdaptersAloneInPeftsForm) {
  ASSERT_TRUE(Train(kLora, "run").ok());
  const std::string checkpoint = "run/checkpoints/step-000006/";
  EXPECT_FALSE(std::filesystem::exists(folder_ / (checkpoint + "ema.safetensors")));
  for (const char* name : {"adapter_model.safetensors", "model.safetensors"}) {
    for (const auto& [key, tensor] : Tensors(checkpoint + name)) {
      EXPECT_TRUE(key.starts_with("base_model.model.") &&
                  (key.ends_with(".lora_A.weight") || key.ends_with(".lora_B.weight")))
          << key;
    }
  }
  for (const auto& [key, tensor] : Tensors(checkpoint + "optimizer.safetensors")) {
    EXPECT_TRUE(key == "adamw.steps" || key.starts_with("adamw.first.base_model.") ||
                key.starts_with("adamw.second.base_model."))
        << key;
  }
  const auto json = ParseJson(BytesOf(folder_ / (checkpoint + "adapter_config.json")));
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ(*json->Find("peft_type")->AsString(), "LORA");
  EXPECT_EQ(json->Find("r")->AsNumber(), 2);
  EXPECT_EQ(json->Find("lora_alpha")->AsNumber(), 16);
  EXPECT_EQ(2 * json->Find("target_modules")->AsArray()->size(),
            Tensors(checkpoint + "adapter_model.safetensors").size());
}

TEST_F(FineTune, KeepsTheBaseToTheBitAndLoadsItWithTheChange) {
  ASSERT_TRUE(Train(kLora, "run").ok());
  EXPECT_TRUE(Equal(Tensors("run/base/ema.safetensors"), BaseTensors()));
  const auto run = LoadRun(folder_ / "run", Files());
  ASSERT_TRUE(run.ok()) << run.status();
  std::map<std::string, Tensor> base, adapter;
  for (const auto& [name, tensor] : BaseTensors()) {
    base[name] = tensor;
  }
  for (const auto& [name, tensor] :
       Tensors("run/checkpoints/step-000006/adapter_model.safetensors")) {
    adapter[name] = tensor;
  }
  int64_t changed = 0;
  for (const auto& [name, parameter] : Parameters(*run->model)) {
    const size_t weight = name.rfind(".weight");
    const std::string path = "base_model.model." + name.substr(0, weight);
    const auto a = adapter.find(path + ".lora_A.weight"), b = adapter.find(path + ".lora_B.weight");
    const bool adapted = a != adapter.end();
    const Tensor expected = adapted ? base[name] + 8 * b->second.mm(a->second) : base[name];
    EXPECT_LT((parameter - expected).abs().max().item<double>(), adapted ? 1e-6 : 1e-30) << name;
    changed += !torch::equal(parameter, base[name]);
  }
  EXPECT_GT(changed, 10);
}

TEST_F(FineTune, CutAndResumedEndsInTheSameBytesAsUncut) {
  const auto keys = With(kLora, {"train.adapter.dropout=0.2", "train.adapter.lr_ratio=4",
                                 "train.accumulate=2", "train.keep=9"});
  ASSERT_TRUE(Train(keys, "uncut").ok());
  ASSERT_TRUE(Train(keys, "cut", {.stop_after = 3}).ok());
  // As the folder itself is resumed: without --from.
  ASSERT_TRUE(TrainTiny(TinyRun(keys), folder_ / "cut", {.resume = true}).ok());
  std::filesystem::remove_all(folder_ / "cut/checkpoints/step-000003");
  EXPECT_EQ(DifferentFiles(CheckpointsIn(folder_ / "cut"), CheckpointsIn(folder_ / "uncut")),
            FileNames());
  EXPECT_EQ(LogOf(folder_ / "cut"), LogOf(folder_ / "uncut"));
}

// The base is rounded, in training and when the run is loaded; its file is not.
TEST_F(FineTune, OnABaseInBf16TrainsAdaptersOnItsRoundedMatrices) {
  const auto keys = With(kLora, {"train.adapter.base=bf16", "train.keep=9", "train.precision=f32"});
  ASSERT_TRUE(Train(keys, "uncut").ok());
  ASSERT_TRUE(Train(keys, "cut", {.stop_after = 3}).ok());
  ASSERT_TRUE(TrainTiny(TinyRun(keys), folder_ / "cut", {.resume = true}).ok());
  EXPECT_EQ(LogOf(folder_ / "cut"), LogOf(folder_ / "uncut"));
  EXPECT_TRUE(Equal(Tensors("uncut/base/ema.safetensors"), BaseTensors()));
  const auto run = LoadRun(folder_ / "uncut", Files());
  ASSERT_TRUE(run.ok()) << run.status();
  std::map<std::string, Tensor> base;
  for (const auto& [name, tensor] : BaseTensors()) {
    base[name] = tensor;
  }
  const LowRankChanges changes = run->adapters.Changes();
  for (const auto& [name, parameter] : Parameters(*run->model)) {
    EXPECT_EQ(parameter.scalar_type(), torch::kFloat32) << name;
    const auto change = changes.find(parameter.storage().unsafeGetStorageImpl());
    const bool text = name.starts_with("model.") || name == "embed_tokens" || name == "lm_head";
    Tensor expected = base[name];
    if (text && expected.dim() == 2) {
      expected = expected.to(torch::kBFloat16).to(torch::kFloat32);
    }
    if (change != changes.end()) {
      expected = expected + change->second.scale * change->second.b_OR.mm(change->second.a_RI);
    }
    EXPECT_LT((parameter - expected).abs().max().item<double>(), 1e-6) << name;
  }
}

TEST_F(FineTune, KnowsTheBaseOfAnOlderCheckpointByItsFormerHash) {
  ASSERT_TRUE(Train(kLora, "run").ok());
  const std::string checkpoint = folder_ / "run/checkpoints/step-000006/";
  std::filesystem::remove(checkpoint + "base_hash.txt");
  const std::string config = BytesOf(checkpoint + "adapter_config.json");
  const auto load_with = [&](const std::string& hash) {
    const std::string older = "{\"revision\": \"" + hash + "\"," + config.substr(1);
    EXPECT_TRUE(Files().Write(checkpoint + "adapter_config.json", older).ok());
    return LoadRun(folder_ / "run", Files()).status();
  };
  const auto base = LoadRun(Base() / "base", Files());
  EXPECT_TRUE(load_with(FormerBaseHash(Parameters(*base->learner))).ok());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "put the base back that it was trained on",
                      std::string(load_with("0123456789abcdef").message()));
}

TEST_F(FineTune, KilledBeforeItsFirstCheckpointBeginsFromItsBaseAgain) {
  ASSERT_TRUE(Train({}, "uncut").ok());
  std::filesystem::create_directories(folder_ / "killed");
  std::filesystem::copy(folder_ / "uncut/base", folder_ / "killed/base");
  ASSERT_TRUE(TrainTiny(TinyRun(), folder_ / "killed", {.resume = true}).ok());
  EXPECT_EQ(LogOf(folder_ / "killed"), LogOf(folder_ / "uncut"));
}

TEST_F(FineTune, RefusesAnotherBase) {
  ASSERT_TRUE(Train(kLora, "run").ok());
  const std::string weights = folder_ / "run/base/ema.safetensors";
  NamedTensors other = *ReadTensors(Files(), weights);
  other[0].second.flatten()[0] += 1;
  ASSERT_TRUE(Files().Write(weights, WriteSafetensors(other)).ok());
  const auto run = LoadRun(folder_ / "run", Files());
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "put the base back that it was trained on",
                      std::string(run.status().message()));
  const absl::Status resumed =
      TrainTiny(TinyRun(With(kLora, {"train.steps=8"})), folder_ / "run", {.resume = true});
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "put the base back", std::string(resumed.message()));
  const absl::Status begun = Train(kLora, "run", {.resume = true});
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "resume without --from", std::string(begun.message()));
}

TEST_F(FineTune, RefusesARecipeThatContradictsTheBase) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "model.width is 32 in this recipe, but 16 in '",
                      std::string(Train({"model.width=32"}, "run").message()));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "tokenizer.size is 400 in this recipe, but 300 in '",
                      std::string(Train({"tokenizer.size=400"}, "run").message()));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
  RunConfig config;
  ASSERT_TRUE(AdoptModel(Base() / "base", Files(), &config).ok());
  EXPECT_EQ(config.model, TinyRun().model);
  EXPECT_EQ(config.tokenizer, TinyRun().tokenizer);
  EXPECT_EQ(config.train, TrainConfig());
}

TEST_F(FineTune, RefusesPatternsOfNothingAndAdaptersOnNothing) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "train.freeze: no parameter matches 'haed.*'",
                      std::string(Train({"train.freeze=[haed.*]"}, "run").message()));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "nothing would learn",
                      std::string(Train({"train.freeze=[*]"}, "run").message()));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "name one with --from",
                      std::string(TrainTiny(TinyRun(kLora), folder_ / "run").message()));
}

TEST_F(FineTune, BegunAnewForgetsTheBaseOfAKilledRun) {
  ASSERT_TRUE(Train({}, "run").ok());
  std::filesystem::remove_all(folder_ / "run/checkpoints");
  ASSERT_TRUE(TrainTiny(TinyRun(), folder_ / "run").ok());
  ASSERT_TRUE(TrainTiny(TinyRun(), folder_ / "fresh").ok());
  EXPECT_EQ(DifferentFiles(CheckpointsIn(folder_ / "run"), CheckpointsIn(folder_ / "fresh")),
            FileNames());
}

}  // namespace
}  // namespace tessera
