#include "run/picture_recipe.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "config/toml.h"
#include "data/image/png_text.h"
#include "files/json.h"
#include "run/version.h"

namespace tessera {
namespace {

constexpr char kKey[] = "tessera";

Json PromptJson(const Document& prompt) {
  JsonArray segments;
  for (const Segment& segment : prompt.segments) {
    const std::string* text = AsText(segment);
    segments.push_back(text != nullptr ? Json{*text} : Json{nullptr});
  }
  return segments.size() == 1 ? segments.front() : Json{std::move(segments)};
}

// Values as JSON has them, in which a TOML value that JSON lacks is a string.
Json SettingsJson(const GenerateConfig& config) {
  JsonObject settings;
  for (const FieldInfo& field : ListFields(config)) {
    if (field.active && !field.type.empty()) {
      settings.emplace_back(field.path, ParseJson(field.value).value_or(Json{field.value}));
    }
  }
  return {std::move(settings)};
}

}  // namespace

std::string PictureRecipe(const Run& run, const std::string& path, const EngineRequest& request) {
  JsonObject recipe = {{"prompt", PromptJson(request.prompt)},
                       {"seed", {static_cast<int64_t>(request.seed)}},
                       {"index", {request.index}},
                       {"until", {std::string(EnumName(request.until))}}};
  if (request.grid) {
    const PatchGrid& grid = run.layout.grids[*request.grid];
    recipe.emplace_back("grid", Json{absl::StrCat(grid.rows, "x", grid.cols)});
  }
  recipe.emplace_back("run", Json{path});
  const std::string checkpoint = run.checkpoint.substr(run.checkpoint.rfind('/') + 1);
  recipe.emplace_back("checkpoint", Json{checkpoint});
  int64_t step = 0;
  if (absl::SimpleAtoi(checkpoint.substr(checkpoint.rfind('-') + 1), &step)) {
    recipe.emplace_back("step", Json{step});
  }
  recipe.emplace_back("settings", SettingsJson(request.config));
  return DumpJson({std::move(recipe)});
}

std::string WithRecipe(std::string_view png, const std::string& recipe) {
  return WithTexts(png, {{"Software", ProgramName()}, {kKey, recipe}});
}

absl::StatusOr<std::string> RecipeIn(std::string_view png) {
  ASSIGN_OR_RETURN(const std::vector<PngText> texts, ReadTexts(png));
  for (const PngText& text : texts) {
    if (text.key == kKey) {
      return text.text;
    }
  }
  return absl::NotFoundError("a PNG without a recipe, which only pictures of tessera have");
}

}  // namespace tessera
