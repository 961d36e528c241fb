// What a story's later texts say: a change of the last picture's scene.
//   one object:  "make it blue"  "make it large"  "move it to the right"
//                "add a small green cross above it" (it must stand at the bottom: it stays there)
//   two objects: "make the circle blue"  "make the left circle small" (both are circles)
//                "remove the square"  "swap them" (they change places)
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "data/shapes/scene.h"

namespace tessera {

enum class Verb { kRecolour, kResize, kMove, kAdd, kRemove, kSwap };

struct Instruction {
  Verb verb = Verb::kSwap;
  size_t object = 0;  // index of the changed or removed object
  Object value;       // the added object, or the new colour, size or place
};

std::string InstructionText(const Instruction& instruction, const SceneDescription& scene);
absl::StatusOr<Instruction> ParseInstruction(const std::string& text,
                                             const SceneDescription& scene);

// Objects keep their index; an added one comes last. An error if no legal scene results.
absl::StatusOr<SceneDescription> Apply(const Instruction& instruction, SceneDescription scene);

// What the picture after an instruction shows.
absl::StatusOr<SceneDescription> ApplyInstruction(const SceneDescription& scene,
                                                  const std::string& text);

}  // namespace tessera
