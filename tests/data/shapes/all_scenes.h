// Every object and every scene that a caption can tell.
#pragma once

#include <functional>
#include <vector>

#include "data/shapes/scene.h"

namespace tessera {

template <class Enum>
std::vector<Enum> AllOf() {
  std::vector<Enum> values;
  for (size_t i = 0; i < EnumNames(Enum{}).size(); ++i) {
    values.push_back(static_cast<Enum>(i));
  }
  return values;
}

inline std::vector<Object> AllObjectsAt(Place place) {
  std::vector<Object> objects;
  for (const Size size : AllOf<Size>()) {
    for (const Colour colour : AllOf<Colour>()) {
      for (const Shape shape : AllOf<Shape>()) {
        objects.push_back({size, colour, shape, place});
      }
    }
  }
  return objects;
}

inline void ForEachDescription(const std::function<void(const SceneDescription&)>& visit) {
  for (const Place place : AllOf<Place>()) {
    for (const Object& first : AllObjectsAt(place)) {
      visit({{first}});
      if (place != Place::kMiddle) {
        for (const Object& second : AllObjectsAt(Opposite(place))) {
          visit({{first, second}});
        }
      }
    }
  }
}

}  // namespace tessera
