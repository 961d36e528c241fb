// Config structs <-> TOML, one strict mapping: an unknown key, a value of the wrong type and a key
// without effect under the other settings are errors that say where, which, and what was meant.
// What cannot be read is InvalidArgument; what does not go together, FailedPrecondition.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "config/fields.h"
#include "config/moved_keys.h"

namespace tessera {

// One key or section, for help and docs. type and value are empty for a section.
struct FieldInfo {
  std::string path;
  std::string type;   // "integer", "\"adamw\" | \"muon\"", "list of strings"
  std::string value;  // as in TOML; of a list of sections their number
  std::string doc;
  bool active;
};

// What a config is read from. file names the text in errors; an override is "path=value".
struct ConfigSource {
  std::string_view text;
  std::string_view file;
  std::span<const std::string> overrides;
  bool is_dump = false;                  // the text is ToToml's, see FromDump
  std::span<const MovedKey> moved = {};  // keys that an earlier version had
};

// What reading and printing need of a config, without its type.
struct ConfigAccess {
  FieldWalk walk;                           // ForEachField
  std::function<void()> reset;              // gives all members the values that they began with
  std::function<void(const IsNamed&)> fit;  // FitDefaults, if the config has one
};

absl::Status AssignFields(const ConfigSource& source, const ConfigAccess& access);
std::string FieldsToToml(const FieldWalk& walk);
std::vector<FieldInfo> DescribeFields(const FieldWalk& walk);

template <class Config>
absl::Status AssignConfig(ConfigSource source, Config* config) {
  if constexpr (requires { Config::MovedKeys(); }) {
    source.moved = Config::MovedKeys();
  }
  Config result = *config;
  const auto fit = [&](const IsNamed& named) {
    if constexpr (requires { result.FitDefaults(named); }) {
      result.FitDefaults(named);
    }
  };
  const auto walk = [&](const OnField& on_field) { ForEachField(result, on_field); };
  absl::Status status = AssignFields(source, {walk, [&] { result = *config; }, fit});
  if (status.ok()) {
    *config = result;
  }
  return status;
}

// Members that neither the text nor an override names keep the value they have in *config, which an
// error leaves untouched, or take one that fits the others (FitDefaults). Overrides are TOML
// values; a bare word is a string. A key of the text that an override robs of its effect is
// dropped, so that train.optimizer.kind=adamw needs no edit of a recipe that sets
// train.optimizer.muon_lr. A key that has moved is refused with its new path.
template <class Config>
absl::Status FromToml(std::string_view text, std::string_view file,
                      std::span<const std::string> overrides, Config* config) {
  return AssignConfig({text, file, overrides}, config);
}

// Reads what ToToml wrote, perhaps in an earlier version. A key in which that version saw an effect
// where there is none is dropped, and one that has moved since goes to its new path.
template <class Config>
absl::Status FromDump(std::string_view text, std::string_view file,
                      std::span<const std::string> overrides, Config* config) {
  return AssignConfig({text, file, overrides, /*is_dump=*/true}, config);
}

// Every key that has an effect, under its section, with its doc as a comment. FromToml gives the
// same config back, since keys without effect cannot have been set.
template <class Config>
std::string ToToml(Config config) {
  return FieldsToToml([&](const OnField& on_field) { ForEachField(config, on_field); });
}

// Every key and section in order, also those without effect. An empty list of sections has one
// entry without effect.
template <class Config>
std::vector<FieldInfo> ListFields(Config config) {
  return DescribeFields([&](const OnField& on_field) { ForEachField(config, on_field); });
}

}  // namespace tessera
