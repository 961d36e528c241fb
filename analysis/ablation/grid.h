// What a study varies, as text. A grid is a list of choices, a choice some settings that belong
// together:
//   model.head.kind=gmm,mse                             a key and its values
//   a.b=1; c.d=x | a.b=2; c.d=y                         choices of several settings
//   flow: a.b=1; c.d=x | cosine: a.b=2; c.d=y | plain:  the same with names; "plain" sets nothing
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

struct Choice {
  std::string name;                   // empty if none was given
  std::vector<std::string> settings;  // path=value
};
using Grid = std::vector<Choice>;

absl::StatusOr<Choice> ParseChoice(std::string text);
absl::StatusOr<Grid> ParseGrid(const std::string& text);

// "a.b" of "a.b=1".
std::string KeyOf(const std::string& setting);

// Every combination of one choice a grid, the last grid changing fastest. Each has a name of its
// own, which can name a folder: those of its choices, else their settings with keys as short as is
// unambiguous ("kind=gmm,patch=4"). Without grids, one that sets nothing: "recipe".
absl::StatusOr<std::vector<Choice>> Combine(const std::vector<Grid>& grids);

}  // namespace tessera
