// The members of a config struct, seen as a flat list of fields without types: what parsing,
// printing, help and completeness tests share. A config lists its members once:
//   struct FooConfig {
//     Kind kind = Kind::kA;
//     int64_t width = 256;
//     template <class Self, class Visitor> static void Fields(Self& self, Visitor& visit) {
//       visit("kind", self.kind, "The thing is one of these.");
//       visit("width", self.width, "Each layer has this width.", self.kind == Kind::kA);
//     }
//     std::string Problem() const;  // optional: what is wrong with the values, empty if nothing is
//   };
// The outermost config may have two more:
//     static std::span<const MovedKey> MovedKeys();  // what became of old keys, see moved_keys.h
//     void FitDefaults(const IsNamed& named);  // gives keys that nobody named what fits the others
// The 4th argument says whether the key has an effect under the values of the other members; of a
// nested config a 5th may list those of its members that have none here. A list of configs, which a
// recipe writes as [[list]] once an entry, is visited with what an entry begins as:
//       visit("list", self.list, Entry(self), "Things are made in turn.");
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config/enum_names.h"

namespace tessera {

// A nested config, whose members follow, or a list of them, whose entries follow as sections
// "list.0", "list.1". problem looks at the values when it is called.
struct SectionRef {
  std::function<std::string()> problem;
  bool is_entry = false;                    // of a list
  std::function<void(size_t)> refill = {};  // of a list alone: gives it so many new entries
  size_t size = 0;                          // of a list

  bool is_list() const { return refill != nullptr; }
};

struct EnumRef {
  void* value;
  size_t (*get)(const void*);
  void (*set)(void*, size_t);
  std::vector<std::string> names;
};

// Where a field's value lives.
using FieldRef =
    std::variant<SectionRef, EnumRef, bool*, int64_t*, double*, std::string*, std::vector<int64_t>*,
                 std::vector<double>*, std::vector<std::string>*>;

struct Field {
  std::string path;  // "model.head.kind"; empty for the root, which is a section
  std::string doc;
  bool active;
  FieldRef ref;

  bool is_section() const { return std::holds_alternative<SectionRef>(ref); }
  bool is_list() const { return is_section() && std::get<SectionRef>(ref).is_list(); }
};

// Whether the text or an override that a config is read from names a key.
using IsNamed = std::function<bool(const std::string& path)>;

using OnField = std::function<void(const Field&)>;

struct IgnoreField {
  void operator()(auto&&...) const {}
};

template <class T>
concept IsConfig = requires(T& config, IgnoreField& visit) {
  T::Fields(config, visit);
};

template <class T>
FieldRef RefTo(T& member) {
  if constexpr (IsConfig<T>) {
    return SectionRef{[&member] {
      if constexpr (requires { member.Problem(); }) {
        return std::string(member.Problem());
      } else {
        return std::string();
      }
    }};
  } else if constexpr (std::is_enum_v<T>) {
    const auto names = EnumNames(T{});
    return EnumRef{&member,
                   [](const void* v) { return static_cast<size_t>(*static_cast<const T*>(v)); },
                   [](void* v, size_t i) { *static_cast<T*>(v) = static_cast<T>(i); },
                   {names.begin(), names.end()}};
  } else {
    return &member;
  }
}

class FieldWalker {
 public:
  FieldWalker(std::string prefix, bool active, const OnField& on_field)
      : prefix_(std::move(prefix)), active_(active), on_field_(on_field) {}

  template <class T>
  void operator()(const char* name, T& member, const char* doc = "", bool active = true,
                  std::vector<std::string> without = {}) {
    const bool effect = active && std::ranges::find(without_, name) == without_.end();
    const Field field{prefix_ + name, doc, active_ && effect, RefTo(member)};
    on_field_(field);
    if constexpr (IsConfig<T>) {
      FieldWalker members(field.path.empty() ? "" : field.path + ".", field.active, on_field_);
      members.without_ = std::move(without);
      T::Fields(member, members);
    }
  }

  template <IsConfig T>
  void operator()(const char* name, std::vector<T>& list, const T& entry, const char* doc,
                  bool active = true) {
    const auto refill = [&](size_t size) { list.assign(size, entry); };
    const auto no_problem = [] { return std::string(); };
    const Field field{prefix_ + name, doc, active_ && active,
                      SectionRef{no_problem, false, refill, list.size()}};
    on_field_(field);  // which may refill the list
    for (size_t i = 0; i < list.size(); ++i) {
      Field one{field.path + "." + std::to_string(i), doc, field.active, RefTo(list[i])};
      std::get<SectionRef>(one.ref).is_entry = true;
      on_field_(one);
      FieldWalker members(one.path + ".", one.active, on_field_);
      members.without_ = without_;
      T::Fields(list[i], members);
    }
  }

 private:
  std::string prefix_;
  bool active_;
  const OnField& on_field_;
  std::vector<std::string> without_;
};

// Calls on_field for the root, then for every member in order, with the config's present values.
template <class Config>
void ForEachField(Config& config, const OnField& on_field) {
  FieldWalker("", true, on_field)("", config);
}

using FieldWalk = std::function<void(const OnField&)>;

// Walks with one entry in each list that is empty, so that its keys are met; it stays there.
inline void WalkWithEntries(const FieldWalk& walk, const OnField& on_field) {
  walk([&](const Field& field) {
    on_field(field);
    if (field.is_list() && std::get<SectionRef>(field.ref).size == 0) {
      std::get<SectionRef>(field.ref).refill(1);
    }
  });
}

// What is wrong with the config or a section of it that has an effect, or empty.
template <class Config>
std::string ProblemOf(Config config) {
  std::string problem;
  ForEachField(config, [&](const Field& field) {
    const auto* section = std::get_if<SectionRef>(&field.ref);
    if (problem.empty() && section && field.active) {
      problem = section->problem();
    }
  });
  return problem;
}

}  // namespace tessera
