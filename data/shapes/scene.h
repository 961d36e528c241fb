// What a drawn picture shows: one or two objects, as a caption describes them, and what the caption
// leaves open (background, jitter).
//   "a large green cross on the left"
//   "a small red circle left of a large blue square" == "a large blue square right of a small ..."
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tessera {

class WordReader;

enum class Size { kSmall, kLarge };
constexpr auto EnumNames(Size) { return std::array{"small", "large"}; }

enum class Colour { kRed, kGreen, kBlue, kYellow, kCyan, kPink, kWhite, kBlack };
constexpr auto EnumNames(Colour) {
  return std::array{"red", "green", "blue", "yellow", "cyan", "pink", "white", "black"};
}

enum class Shape { kCircle, kSquare, kTriangle, kCross };
constexpr auto EnumNames(Shape) { return std::array{"circle", "square", "triangle", "cross"}; }

// One object stands at any place; two stand at opposite places, which is their relation.
enum class Place { kLeft, kRight, kTop, kBottom, kMiddle };
constexpr auto EnumNames(Place) { return std::array{"left", "right", "top", "bottom", "middle"}; }

enum class Background { kSlate, kGrey, kSand };
constexpr auto EnumNames(Background) { return std::array{"slate", "grey", "sand"}; }

struct Object {
  Size size = Size::kSmall;
  Colour colour = Colour::kRed;
  Shape shape = Shape::kCircle;
  Place place = Place::kMiddle;

  bool operator==(const Object&) const = default;
};

// What a caption describes: one or two objects, in the order in which it names them.
struct SceneDescription {
  std::vector<Object> objects;

  bool operator==(const SceneDescription&) const = default;
};

// An object's offset from its place, in 32nds of the picture: whole pixels in a picture of 32.
struct Jitter {
  static constexpr int kMax = 1;  // either way
  int x = 0;
  int y = 0;

  bool operator==(const Jitter&) const = default;
};

struct Scene {
  SceneDescription described;
  Background background = Background::kGrey;
  std::vector<Jitter> jitter;  // of each object

  bool operator==(const Scene&) const = default;
};

// The middle is its own opposite: nothing can stand opposite to it.
Place Opposite(Place place);

// One object, or two at opposite places.
bool IsLegal(const SceneDescription& scene);

// Whether both have equal objects at equal places, whichever is named first.
bool SameScene(const SceneDescription& a, const SceneDescription& b);

std::string Caption(const SceneDescription& scene);  // of a legal scene
absl::StatusOr<SceneDescription> ParseCaption(const std::string& text);

// The phrases that captions and instructions share.
// "a small red circle": how an object is named when it enters; its place is left out.
std::string ObjectText(const Object& object);
absl::StatusOr<Object> TakeObject(WordReader& words);
// "left of": an object that stands at `place` (not the middle), seen from the opposite place.
std::string RelationText(Place place);
std::optional<Place> TakeRelation(WordReader& words);

}  // namespace tessera
