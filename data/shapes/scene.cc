#include "data/shapes/scene.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/shapes/word_reader.h"

namespace tessera {
namespace {

// By the place of the only object, and of the first of two.
constexpr std::array kPlaceTexts = {"on the left", "on the right", "at the top", "at the bottom",
                                    "in the middle"};
constexpr std::array kRelationTexts = {"left of", "right of", "above", "below"};

// The place whose text stands next.
template <size_t kCount>
std::optional<Place> TakePlace(WordReader& words, const std::array<const char*, kCount>& texts) {
  for (size_t i = 0; i < kCount; ++i) {
    if (words.Take(texts[i])) {
      return static_cast<Place>(i);
    }
  }
  return std::nullopt;
}

}  // namespace

Place Opposite(Place place) {
  switch (place) {
    case Place::kLeft:
      return Place::kRight;
    case Place::kRight:
      return Place::kLeft;
    case Place::kTop:
      return Place::kBottom;
    case Place::kBottom:
      return Place::kTop;
    case Place::kMiddle:
      return Place::kMiddle;
  }
  return place;
}

bool IsLegal(const SceneDescription& scene) {
  const auto& objects = scene.objects;
  return objects.size() == 1 || (objects.size() == 2 && objects[0].place != Place::kMiddle &&
                                 objects[1].place == Opposite(objects[0].place));
}

bool SameScene(const SceneDescription& a, const SceneDescription& b) {
  return std::is_permutation(a.objects.begin(), a.objects.end(), b.objects.begin(),
                             b.objects.end());
}

std::string Caption(const SceneDescription& scene) {
  const Object& first = scene.objects.front();
  if (scene.objects.size() == 1) {
    return absl::StrCat(ObjectText(first), " ", kPlaceTexts[static_cast<size_t>(first.place)]);
  }
  return absl::StrCat(ObjectText(first), " ", RelationText(first.place), " ",
                      ObjectText(scene.objects.back()));
}

absl::StatusOr<SceneDescription> ParseCaption(const std::string& text) {
  WordReader words(text);
  ASSIGN_OR_RETURN(Object first, TakeObject(words));
  SceneDescription scene;
  if (const auto place = TakePlace(words, kPlaceTexts)) {
    first.place = *place;
    scene.objects = {first};
  } else if (const auto relation = TakeRelation(words)) {
    ASSIGN_OR_RETURN(Object second, TakeObject(words));
    first.place = *relation;
    second.place = Opposite(*relation);
    scene.objects = {first, second};
  } else {
    return words.Expected("a place or a relation");
  }
  if (!words.AtEnd()) {
    return words.Expected("nothing more");
  }
  return scene;
}

std::string ObjectText(const Object& object) {
  return absl::StrCat("a ", WordOf(object.size), " ", WordOf(object.colour), " ",
                      WordOf(object.shape));
}

std::string RelationText(Place place) { return kRelationTexts.at(static_cast<size_t>(place)); }

absl::StatusOr<Object> TakeObject(WordReader& words) {
  if (!words.Take("a")) {
    return words.Expected("'a'");
  }
  const auto size = words.Take<Size>();
  if (!size) {
    return words.Expected("a size");
  }
  const auto colour = words.Take<Colour>();
  if (!colour) {
    return words.Expected("a colour");
  }
  const auto shape = words.Take<Shape>();
  if (!shape) {
    return words.Expected("a shape");
  }
  return Object{.size = *size, .colour = *colour, .shape = *shape};
}

std::optional<Place> TakeRelation(WordReader& words) { return TakePlace(words, kRelationTexts); }

}  // namespace tessera
