// Every key of a recipe, and every value of those that are a choice: written and read again.
#include "run/run_config.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "analysis/ablation/study_plan.h"
#include "config/toml.h"
#include "run/amed_file.h"

namespace tessera {
namespace {

// The n-th other value of a key. False if it has no more; a choice has all, a number a few, of
// which one should be legal.
struct OtherValue {
  size_t n;

  bool operator()(const SectionRef&) const { return false; }
  bool operator()(const EnumRef& ref) const {
    ref.set(ref.value, (ref.get(ref.value) + n + 1) % ref.names.size());
    return n + 1 < ref.names.size();
  }
  bool operator()(bool* value) const { return *value = !*value, n == 0; }
  bool operator()(int64_t* value) const {
    return Pick(value, {*value + 1, *value + 2, 2 * *value});
  }
  bool operator()(double* value) const { return Pick(value, {*value + .25}); }
  bool operator()(std::string* value) const { return *value += "x", n == 0; }
  bool operator()(std::vector<int64_t>* values) const { return values->push_back(4), n == 0; }
  bool operator()(std::vector<double>* values) const { return values->push_back(.5), n == 0; }
  bool operator()(std::vector<std::string>* values) const {
    return values->emplace_back("2x2"), n == 0;
  }

  template <class T>
  bool Pick(T* value, std::vector<T> others) const {
    others.push_back(*value / 2);
    return n < others.size() && others[n] != *value && (*value = others[n], true);
  }
};

// "path=value" with the n-th other value; empty if there is none.
std::string Change(RunConfig config, const std::string& path, size_t n) {
  bool other = false;
  ForEachField(config, [&](const Field& field) {
    other = other || (field.path == path && std::visit(OtherValue{n}, field.ref));
  });
  for (const FieldInfo& key : ListFields(config)) {
    if (other && key.path == path) {
      return path + "=" + key.value;
    }
  }
  return "";
}

bool IsKey(const FieldInfo& field) { return !field.type.empty(); }
bool IsChoice(const FieldInfo& key) { return key.type.starts_with('"'); }

// Changes one key at a time, from configs that between them give every key its effect.
class ConfigWalk {
 public:
  // And on from each change that gives a key its effect which had none before.
  void From(const RunConfig& start) {
    std::deque<RunConfig> bases = {start};
    for (bool first = true; !bases.empty(); first = false) {
      const RunConfig base = bases.front();
      bases.pop_front();
      if (first || BringsKeys(base)) {
        ChangeEach(base, &bases);
      }
    }
  }

  bool Took(const std::string& change) const { return taken_.contains(change); }
  bool Changed(const std::string& path) const { return changed_.contains(path); }

 private:
  bool BringsKeys(const RunConfig& config) const {
    return std::ranges::any_of(ListFields(config), [&](const FieldInfo& key) {
      return IsKey(key) && key.active && !met_.contains(key.path);
    });
  }

  void ChangeEach(const RunConfig& base, std::deque<RunConfig>* next) {
    const std::string text = ToToml(base);
    for (const FieldInfo& key : ListFields(base)) {
      if (!IsKey(key) || !key.active) {
        continue;
      }
      met_.insert(key.path);
      bool done = false;
      for (size_t n = 0; !done; ++n) {
        const std::string change = Change(base, key.path, n);
        done = change.empty() || (TakeOnce(text, key.path, change, next) && !IsChoice(key));
      }
    }
  }

  // Whether it is legal there, or was elsewhere.
  bool TakeOnce(const std::string& text, const std::string& path, const std::string& change,
                std::deque<RunConfig>* next) {
    if (Took(change)) {
      return true;
    }
    RunConfig changed;
    const absl::Status status = FromToml(text, "base", {&change, 1}, &changed);
    if (!status.ok()) {
      EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
      return false;
    }
    ExpectRoundTrip(changed, text, change);
    taken_.insert(change);
    changed_.insert(path);
    next->push_back(changed);
    return true;
  }

  static void ExpectRoundTrip(const RunConfig& changed, const std::string& unchanged,
                              const std::string& change) {
    const std::string dump = ToToml(changed);
    if (!change.ends_with("\"auto\"")) {  // which becomes what it stands for here
      EXPECT_NE(dump, unchanged) << change;
    }
    RunConfig read;
    const absl::Status status = FromToml(dump, "dump", {}, &read);
    EXPECT_TRUE(status.ok()) << change << ": " << status;
    EXPECT_TRUE(read == changed) << change;
    EXPECT_EQ(ToToml(read), dump) << change;
  }

  std::set<std::string> met_, changed_, taken_;
};

// Values that are legal together alone, so that no change of one key leads there.
const std::vector<std::string> kTogether[] = {
    {"model.head.kind=codes", "model.autoencoder.kind=fsq", "model.autoencoder.path=runs/codes"},
    {"model.input.kind=codes", "model.autoencoder.kind=fsq", "model.autoencoder.path=runs/codes"},
    {"model.input.kind=resampler", "train.image_weight=0"},
    {"model.mask=block-diagonal", "train.image_weight=0"},
    {"model.head.diffusion.schedule=cosine", "model.head.diffusion.learn_variance=true",
     "generate.sampler.kind=ddpm"},
};

TEST(RunConfig, EveryKeyAndChoiceSurvivesItsRoundTripThroughToml) {
  ConfigWalk walk;
  walk.From({});
  std::set<std::string> together;
  for (const std::vector<std::string>& overrides : kTogether) {
    RunConfig base;
    const absl::Status status = FromToml("", "", overrides, &base);
    ASSERT_TRUE(status.ok()) << status;
    walk.From(base);
    together.insert(overrides.begin(), overrides.end());
  }
  RunConfig config;
  ForEachField(config, [&](const Field& field) {
    if (field.is_section()) {
      return;
    }
    EXPECT_TRUE(walk.Changed(field.path)) << field.path;
    if (const auto* choice = std::get_if<EnumRef>(&field.ref)) {
      for (size_t i = 0; i < choice->names.size(); ++i) {
        const std::string value = field.path + "=" + choice->names[i];
        const bool met = choice->get(choice->value) == i || together.contains(value);
        EXPECT_TRUE(met || walk.Took(field.path + "=\"" + choice->names[i] + "\"")) << value;
      }
    }
  });
}

// ---- Members that Fields forgot

struct Anything {
  template <class T>
  operator T() const;  // of any type, for counting alone
};

// How many members an aggregate has: as many as it can be made of.
template <class T, class... Some>
constexpr size_t NumMembers() {
  if constexpr (requires { T{Some{}..., Anything{}}; }) {
    return NumMembers<T, Some..., Anything>();
  } else {
    return sizeof...(Some);
  }
}

// Members whose own members are keys of the config itself, less one each.
template <class T>
constexpr size_t kSpliced = 0;
template <>
constexpr size_t kSpliced<ModelConfig> = NumMembers<Arrangement>() - 1;

template <class T>
void ExpectAllListed();

struct MemberVisitor {
  std::set<const void*> met = {};

  template <class T>
  void operator()(const char*, const T& member, auto&&...) {
    met.insert(&member);
    if constexpr (IsConfig<T>) {
      ExpectAllListed<T>();
    }
  }
};

template <class T>
void ExpectAllListed() {
  const T config = {};
  MemberVisitor visitor;
  T::Fields(config, visitor);
  EXPECT_EQ(visitor.met.size(), NumMembers<T>() + kSpliced<T>)
      << testing::internal::GetTypeName<T>();
}

TEST(Config, ListsEveryMemberOfEveryStruct) {
  struct Pair {
    std::string name = "x";
    struct Inner {
      int64_t a = 1;
      double b = 2;
    } inner = {};
    std::vector<double> list = {};
    bool operator==(const Pair&) const = delete;
  };
  static_assert(NumMembers<Pair>() == 3);  // counts a struct as one, and defaults too
  ExpectAllListed<RunConfig>();
  ExpectAllListed<AmedSettings>();
  ExpectAllListed<StudyConfig>();
  ExpectAllListed<ExpectConfig>();
}

}  // namespace
}  // namespace tessera
