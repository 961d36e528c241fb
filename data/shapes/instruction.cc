#include "data/shapes/instruction.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/shapes/word_reader.h"

namespace tessera {
namespace {

// "it", "the circle", or "the left circle" where both objects are circles.
std::string Reference(size_t index, const SceneDescription& scene) {
  if (scene.objects.size() == 1) {
    return "it";
  }
  const Object& object = scene.objects[index];
  const bool alike = object.shape == scene.objects[1 - index].shape;
  return alike ? absl::StrCat("the ", WordOf(object.place), " ", WordOf(object.shape))
               : absl::StrCat("the ", WordOf(object.shape));
}

absl::StatusOr<size_t> TakeReference(WordReader& words, const SceneDescription& scene) {
  for (size_t i = 0; i < scene.objects.size(); ++i) {
    if (words.Take(Reference(i, scene))) {
      return i;
    }
  }
  return words.Expected(absl::StrCat(
      "'", Reference(0, scene),
      scene.objects.size() == 1 ? "'" : absl::StrCat("' or '", Reference(1, scene), "'")));
}

// "make it blue", "make it large", behind "make"
absl::StatusOr<Instruction> TakeMake(WordReader& words, const SceneDescription& scene) {
  Instruction make;
  ASSIGN_OR_RETURN(make.object, TakeReference(words, scene));
  if (const auto colour = words.Take<Colour>()) {
    make.verb = Verb::kRecolour;
    make.value.colour = *colour;
  } else if (const auto size = words.Take<Size>()) {
    make.verb = Verb::kResize;
    make.value.size = *size;
  } else {
    return words.Expected("a colour or a size");
  }
  return make;
}

// "move it to the right", behind "move"
absl::StatusOr<Instruction> TakeMove(WordReader& words) {
  if (!words.Take("it to the")) {
    return words.Expected("'it to the'");
  }
  const auto place = words.Take<Place>();
  if (!place) {
    return words.Expected("a place");
  }
  return Instruction{.verb = Verb::kMove, .object = 0, .value = {.place = *place}};
}

// "add a small green cross above it", behind "add"
absl::StatusOr<Instruction> TakeAdd(WordReader& words) {
  Instruction add{.verb = Verb::kAdd, .object = 0, .value = {}};
  ASSIGN_OR_RETURN(add.value, TakeObject(words));
  const auto relation = TakeRelation(words);
  if (!relation || !words.Take("it")) {
    return words.Expected("a relation and 'it'");
  }
  add.value.place = *relation;
  return add;
}

absl::StatusOr<Instruction> TakeInstruction(WordReader& words, const SceneDescription& scene) {
  if (words.Take("make")) {
    return TakeMake(words, scene);
  }
  if (words.Take("move")) {
    return TakeMove(words);
  }
  if (words.Take("add")) {
    return TakeAdd(words);
  }
  if (words.Take("remove")) {
    ASSIGN_OR_RETURN(const size_t object, TakeReference(words, scene));
    return Instruction{.verb = Verb::kRemove, .object = object, .value = {}};
  }
  if (scene.objects.size() == 2 && words.Take("swap them")) {
    return Instruction{.verb = Verb::kSwap, .object = 0, .value = {}};
  }
  return words.Expected("'make', 'move', 'add', 'remove' or 'swap them'");
}

}  // namespace

std::string InstructionText(const Instruction& instruction, const SceneDescription& scene) {
  const Object& value = instruction.value;
  const std::string object = Reference(instruction.object, scene);
  switch (instruction.verb) {
    case Verb::kRecolour:
      return absl::StrCat("make ", object, " ", WordOf(value.colour));
    case Verb::kResize:
      return absl::StrCat("make ", object, " ", WordOf(value.size));
    case Verb::kMove:
      return absl::StrCat("move ", object, " to the ", WordOf(value.place));
    case Verb::kAdd:
      return absl::StrCat("add ", ObjectText(value), " ", RelationText(value.place), " it");
    case Verb::kRemove:
      return absl::StrCat("remove ", object);
    case Verb::kSwap:
      return "swap them";
  }
  return "";
}

absl::StatusOr<Instruction> ParseInstruction(const std::string& text,
                                             const SceneDescription& scene) {
  if (!IsLegal(scene)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' follows a scene that no caption describes"));
  }
  WordReader words(text);
  ASSIGN_OR_RETURN(const Instruction instruction, TakeInstruction(words, scene));
  if (!words.AtEnd()) {
    return words.Expected("nothing more");
  }
  return instruction;
}

absl::StatusOr<SceneDescription> Apply(const Instruction& instruction, SceneDescription scene) {
  std::vector<Object>& objects = scene.objects;
  Object& object = objects[instruction.object];
  const std::string text = InstructionText(instruction, scene);
  switch (instruction.verb) {
    case Verb::kRecolour:
      object.colour = instruction.value.colour;
      break;
    case Verb::kResize:
      object.size = instruction.value.size;
      break;
    case Verb::kMove:
      object.place = instruction.value.place;
      break;
    case Verb::kAdd:
      objects.push_back(instruction.value);
      break;
    case Verb::kRemove:
      objects.erase(objects.begin() + static_cast<int64_t>(instruction.object));
      break;
    case Verb::kSwap:
      std::swap(objects.front().place, objects.back().place);
      break;
  }
  if (!IsLegal(scene)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' leaves no scene that a caption tells: one object, or two at ",
                     "opposite places"));
  }
  return scene;
}

absl::StatusOr<SceneDescription> ApplyInstruction(const SceneDescription& scene,
                                                  const std::string& text) {
  ASSIGN_OR_RETURN(const Instruction instruction, ParseInstruction(text, scene));
  return Apply(instruction, scene);
}

}  // namespace tessera
