// Every two choices of different keys meet in one tiny model, which trains one step and draws one
// picture; or the two are refused in a sentence. A new kind is walked over by being named, a new
// key by a line in Axes().
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "config/status.h"
#include "data/packer.h"
#include "heads/amed.h"
#include "infer/generator.h"
#include "tests/data/toy_documents.h"
#include "tests/train/tiny_run.h"
#include "train/step_gradient.h"

namespace tessera {
namespace {

struct Axis {
  std::string key;
  std::vector<std::string> names;
};

template <class Enum>
Axis Of(const std::string& key) {
  const auto names = EnumNames(Enum{});
  return {key, {names.begin(), names.end()}};
}

std::vector<Axis> Axes() {
  return {
      Of<HeadKind>("model.head.kind"),          Of<NoiseScheduleKind>("model.head.schedule"),
      Of<SamplerKind>("generate.sampler.kind"), Of<PatchOrder>("model.order"),
      Of<Positions>("model.positions"),         Of<AttentionMask>("model.mask"),
      Of<InputKind>("model.input.kind"),        Of<Objective>("model.objective"),
  };
}

constexpr char kRecipe[] = R"(
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

// Axis -> value. The other keys are as in a recipe that does not name them.
using Choices = std::map<size_t, size_t>;
using Choice = std::pair<size_t, size_t>;
using Pair = std::array<Choice, 2>;

class Walk {
 public:
  Walk() {
    for (size_t a = 0; a < axes_.size(); ++a) {
      for (size_t b = a + 1; b < axes_.size(); ++b) {
        for (size_t i = 0; i < axes_[a].names.size(); ++i) {
          for (size_t j = 0; j < axes_[b].names.size(); ++j) {
            open_.insert({std::pair(a, i), std::pair(b, j)});
          }
        }
      }
    }
  }

  void Go() {
    while (!open_.empty()) {
      const Pair pair = *open_.begin();
      Choices choices(pair.begin(), pair.end());
      const std::string problem = std::string(Parse(choices, nullptr).message());
      if (problem.empty()) {
        AddOthers(&choices);
        TrainAndDraw(choices);
        std::erase_if(open_, [&](const Pair& one) { return Holds(choices, one); });
        ++drawn_;
      } else {
        EXPECT_GE(std::ranges::count(problem, ' '), 5) << NameOf(choices) << ": " << problem;
        open_.erase(pair);
        ++refused_;
      }
    }
  }

  int64_t drawn() const { return drawn_; }
  int64_t refused() const { return refused_; }

 private:
  static bool Holds(const Choices& choices, const Pair& pair) {
    return std::ranges::all_of(pair, [&](const auto& one) {
      const auto found = choices.find(one.first);
      return found != choices.end() && found->second == one.second;
    });
  }

  absl::Status Parse(const Choices& choices, RunConfig* out) const {
    std::vector<std::string> overrides;
    for (const Choice choice : choices) {
      overrides.push_back(axes_[choice.first].key + "=" + NameOf(choice));
    }
    if (std::ranges::any_of(choices, [&](const Choice& one) { return NameOf(one) == "codes"; })) {
      overrides.insert(overrides.end(), {"model.autoencoder.kind=fsq",
                                         "model.autoencoder.path=runs/none"});  // not read here
    }
    RunConfig config;
    RETURN_IF_ERROR(FromToml(kRecipe, "walk", overrides, &config));
    if (const std::string problem = config.Problem(); !problem.empty()) {
      return absl::InvalidArgumentError(problem);
    }
    if (out != nullptr) {
      *out = config;
    }
    return absl::OkStatus();
  }

  // How many open pairs the choice would close.
  int64_t Closed(const Choices& choices, const Choice& next) const {
    return std::ranges::count_if(choices, [&](const Choice& one) {
      return open_.contains(one < next ? Pair{one, next} : Pair{next, one});
    });
  }

  // To each other key the value that closes most pairs, among those that are not refused.
  void AddOthers(Choices* choices) const {
    for (size_t axis = 0; axis < axes_.size(); ++axis) {
      if (choices->contains(axis)) {
        continue;
      }
      std::vector<std::pair<int64_t, size_t>> by_worth;
      for (size_t value = 0; value < axes_[axis].names.size(); ++value) {
        by_worth.push_back({-Closed(*choices, {axis, value}), value});
      }
      std::ranges::sort(by_worth);
      for (const auto& [worth, value] : by_worth) {
        Choices more = *choices;
        more[axis] = value;
        if (worth < 0 && Parse(more, nullptr).ok()) {
          *choices = more;
          break;
        }
      }
    }
  }

  const std::string& NameOf(const Choice& choice) const {
    return axes_[choice.first].names[choice.second];
  }

  std::string NameOf(const Choices& choices) const {
    std::string name;
    for (const Choice choice : choices) {
      name += axes_[choice.first].key + "=" + NameOf(choice) + " ";
    }
    return name;
  }

  void TrainAndDraw(const Choices& choices) const {
    SCOPED_TRACE(NameOf(choices));
    RunConfig config;
    ASSERT_TRUE(Parse(choices, &config).ok());
    const auto run = MakeRun(config, ToyTokenizer());
    ASSERT_TRUE(run.ok()) << run.status();
    const Document told = {{"a red dot", NoisePicture(4, 4, 1)}};
    const Batch batch =
        PackRows({Layout(told, run->layout, run->tokenizer)}, {{0}}, run->layout.patch);
    Interval interval;
    AddGradient(*run->model, {.batches = {batch}}, config.train, &interval);
    double gradient = 0;
    for (const Tensor& parameter : run->model->parameters()) {
      gradient += parameter.grad().defined() ? parameter.grad().abs().sum().item<double>() : 0;
    }
    EXPECT_TRUE(std::isfinite(gradient));
    EXPECT_GT(gradient, 0);
    if (config.generate.sampler.kind == SamplerKind::kAmed) {
      run->model->image_head().SetAmed(
          std::make_shared<AmedPredictor>(AmedConfig(), run->model->patch_dim()));
    }
    const auto drawn = Generate(*run->model, run->tokenizer, run->layout, config.generate,
                                {.prompts = {{{"a red dot"}}}, .until = Until::kImage});
    EXPECT_EQ(AsImage(drawn[0].segments.back())->width, 4);
  }

  const std::vector<Axis> axes_ = Axes();
  std::set<Pair> open_;
  int64_t drawn_ = 0, refused_ = 0;
};

TEST(Walk, EveryTwoChoicesTrainAndDrawOrAreRefusedInASentence) {
  Walk walk;
  walk.Go();
  std::cout << walk.drawn() << " drawn, " << walk.refused() << " pairs refused\n";
  EXPECT_GT(walk.drawn(), walk.refused());
}

}  // namespace
}  // namespace tessera
