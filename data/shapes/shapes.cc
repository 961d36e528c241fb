#include "data/shapes/shapes.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/shapes/draw.h"
#include "data/shapes/instruction.h"
#include "ops/hash.h"

namespace tessera {
namespace {

using Look = std::pair<Colour, Shape>;

constexpr std::array kHeldOutLooks = {Look{Colour::kBlue, Shape::kTriangle},
                                      Look{Colour::kYellow, Shape::kCross}};

Look LookOf(const Object& object) { return {object.colour, object.shape}; }

bool IsHeldOutPair(Look a, Look b) {
  const auto [first, second] = std::minmax(a, b);
  uint64_t hash = 0;
  for (const Look& look : {first, second}) {
    hash = MixBits(
        hash ^ (static_cast<uint64_t>(look.first) * 16 + static_cast<uint64_t>(look.second) + 1));
  }
  return hash % 10 == 0;
}

// The draws of one document, in order.
class Dice {
 public:
  Dice(int64_t seed, Split split, int64_t index) {
    for (const int64_t part : {seed, static_cast<int64_t>(split), index}) {
      state_ = MixBits(state_ ^ static_cast<uint64_t>(part));
    }
  }

  // 0 to count - 1, all equally likely.
  int64_t Roll(int64_t count) {
    return static_cast<int64_t>(UnitInterval(state_ = MixBits(state_)) *
                                static_cast<double>(count));
  }

  template <class Enum>
  Enum Pick() {
    return static_cast<Enum>(Roll(static_cast<int64_t>(EnumNames(Enum{}).size())));
  }

  // Another than the one given.
  template <class Enum>
  Enum PickOther(Enum from) {
    const auto count = static_cast<int64_t>(EnumNames(Enum{}).size());
    return static_cast<Enum>((static_cast<int64_t>(from) + 1 + Roll(count - 1)) % count);
  }

  Object PickObject(Place place) {
    const auto size = Pick<Size>();
    const auto colour = Pick<Colour>();
    return {.size = size, .colour = colour, .shape = Pick<Shape>(), .place = place};
  }

  Jitter PickJitter() {
    const auto x = static_cast<int>(Roll(2 * Jitter::kMax + 1)) - Jitter::kMax;
    return {.x = x, .y = static_cast<int>(Roll(2 * Jitter::kMax + 1)) - Jitter::kMax};
  }

 private:
  uint64_t state_ = 0;
};

SceneDescription DrawAny(Dice& dice) {
  if (dice.Roll(2) == 0) {
    return {{dice.PickObject(dice.Pick<Place>())}};
  }
  const auto place = static_cast<Place>(dice.Roll(4));  // not the middle
  const Object first = dice.PickObject(place);
  return {{first, dice.PickObject(Opposite(place))}};
}

SceneDescription DrawFirst(Dice& dice, bool held_out) {
  while (true) {
    SceneDescription scene = DrawAny(dice);
    if (IsHeldOut(scene) == held_out) {
      return scene;
    }
  }
}

Instruction DrawAnyInstruction(Dice& dice, const SceneDescription& scene) {
  const auto index = static_cast<size_t>(dice.Roll(static_cast<int64_t>(scene.objects.size())));
  const Object& object = scene.objects[index];
  std::vector<Verb> verbs = {Verb::kRecolour, Verb::kResize};
  if (scene.objects.size() == 2) {
    verbs.insert(verbs.end(), {Verb::kRemove, Verb::kSwap});
  } else {
    verbs.push_back(Verb::kMove);
    if (object.place != Place::kMiddle) {
      verbs.push_back(Verb::kAdd);
    }
  }
  const Verb verb = verbs[static_cast<size_t>(dice.Roll(static_cast<int64_t>(verbs.size())))];
  if (verb == Verb::kAdd) {
    return {.verb = verb, .object = index, .value = dice.PickObject(Opposite(object.place))};
  }
  Object value = object;
  value.size = dice.PickOther(object.size);
  value.colour = dice.PickOther(object.colour);
  value.place = dice.PickOther(object.place);
  return {.verb = verb, .object = index, .value = value};
}

// Changes the scene and returns the instruction's text. What it does not name stays as it is: the
// background, and each object's jitter.
std::string Continue(Scene& scene, Dice& dice, bool held_out) {
  while (true) {
    const Instruction instruction = DrawAnyInstruction(dice, scene.described);
    absl::StatusOr<SceneDescription> described = Apply(instruction, scene.described);
    // Swapping equal objects, for one, would change nothing.
    if (!described.ok() || SameScene(*described, scene.described) ||
        IsHeldOut(*described) != held_out) {
      continue;
    }
    std::string text = InstructionText(instruction, scene.described);
    scene.described = *std::move(described);
    if (instruction.verb == Verb::kAdd) {
      scene.jitter.push_back(dice.PickJitter());
    } else if (instruction.verb == Verb::kRemove) {
      scene.jitter.erase(scene.jitter.begin() + static_cast<int64_t>(instruction.object));
    }
    return text;
  }
}

int64_t NumPictures(ShapesVariant variant, Dice& dice) {
  switch (variant) {
    case ShapesVariant::kCaptions:
      return 1;
    case ShapesVariant::kStories:
      return 2 + dice.Roll(3);
    case ShapesVariant::kDifferences:
      return 2;
  }
  return 0;
}

class Shapes : public Dataset {
 public:
  Shapes(ShapesConfig config, Split split, int64_t pixels)
      : config_(config), split_(split), pixels_(pixels) {}

  int64_t size() const override { return config_.count; }

  absl::StatusOr<Document> Get(int64_t index) const override {
    if (index < 0 || index >= size()) {
      return absl::OutOfRangeError(
          absl::StrCat("document ", index, " of ", size(), " drawn ones does not exist"));
    }
    const Story story = DrawStory(config_, split_, index);
    if (config_.variant == ShapesVariant::kDifferences) {
      return Document{
          {Draw(story.scenes[0], pixels_), Draw(story.scenes[1], pixels_), story.texts[1]}};
    }
    Document document;
    for (size_t k = 0; k < story.texts.size(); ++k) {
      document.segments.emplace_back(story.texts[k]);
      document.segments.emplace_back(Draw(story.scenes[k], pixels_));
    }
    return document;
  }

 private:
  ShapesConfig config_;
  Split split_;
  int64_t pixels_;
};

}  // namespace

bool IsHeldOut(const SceneDescription& scene) {
  const auto& objects = scene.objects;
  const bool look = std::any_of(objects.begin(), objects.end(), [](const Object& object) {
    return std::count(kHeldOutLooks.begin(), kHeldOutLooks.end(), LookOf(object)) > 0;
  });
  return look ||
         (objects.size() == 2 && IsHeldOutPair(LookOf(objects.front()), LookOf(objects.back())));
}

Story DrawStory(const ShapesConfig& config, Split split, int64_t index) {
  Dice dice(config.seed, split, index);
  const bool held_out = split == Split::kHeldOut;
  Scene scene{
      .described = DrawFirst(dice, held_out), .background = dice.Pick<Background>(), .jitter = {}};
  for (size_t i = 0; i < scene.described.objects.size(); ++i) {
    scene.jitter.push_back(dice.PickJitter());
  }
  Story story{.texts = {Caption(scene.described)}, .scenes = {scene}};
  const int64_t pictures = NumPictures(config.variant, dice);
  while (static_cast<int64_t>(story.scenes.size()) < pictures) {
    story.texts.push_back(Continue(scene, dice, held_out));
    story.scenes.push_back(scene);
  }
  return story;
}

absl::StatusOr<std::unique_ptr<Dataset>> MakeShapes(const ShapesConfig& config, Split split,
                                                    int64_t pixels) {
  if (pixels < 16 || pixels > 128) {
    return absl::InvalidArgumentError(absl::StrCat("shapes are drawn at 16 to 128 pixels, not ",
                                                   pixels, ": change the grid or the patch"));
  }
  if (config.count < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("shapes.count = ", config.count, ": it must be at least 1"));
  }
  return std::make_unique<Shapes>(config, split, pixels);
}

}  // namespace tessera
