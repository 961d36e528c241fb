#include "analysis/probe/labels.h"

#include <algorithm>

#include "analysis/measure/captioned.h"
#include "config/enum_names.h"
#include "config/status.h"
#include "data/shapes/scene.h"

namespace tessera {
namespace {

template <class Enum>
Label OfObjects(const std::string& name, const std::vector<SceneDescription>& scenes,
                Enum Object::*attribute) {
  Label label{.name = name, .classes = {}, .of_document = {}};
  for (const char* word : EnumNames(Enum{})) {
    label.classes.emplace_back(word);
  }
  for (const SceneDescription& scene : scenes) {
    label.of_document.push_back(
        scene.objects.size() == 1 ? static_cast<int64_t>(scene.objects.front().*attribute) : -1);
  }
  return label;
}

std::vector<Label> SceneLabels(const std::vector<SceneDescription>& scenes) {
  Label objects{.name = "objects", .classes = {"one", "two"}, .of_document = {}};
  for (const SceneDescription& scene : scenes) {
    objects.of_document.push_back(std::ssize(scene.objects) - 1);
  }
  return {objects, OfObjects("shape", scenes, &Object::shape),
          OfObjects("colour", scenes, &Object::colour), OfObjects("size", scenes, &Object::size),
          OfObjects("place", scenes, &Object::place)};
}

// The text of a text and its picture; null of other documents.
const std::string* CaptionOf(const Document& document) {
  const auto& segments = document.segments;
  return segments.size() > 1 && AsImage(segments[1]) != nullptr ? AsText(segments[0]) : nullptr;
}

std::vector<Label> CaptionLabel(const std::vector<Document>& documents) {
  std::vector<CaptionedPicture> captions;
  for (const Document& document : documents) {
    if (const std::string* caption = CaptionOf(document)) {
      captions.push_back({*caption, {}});
    }
  }
  Label label{.name = "caption", .classes = ClassesOf(captions), .of_document = {}};
  if (label.classes.empty()) {
    return {};
  }
  for (const Document& document : documents) {
    const std::string* caption = CaptionOf(document);
    label.of_document.push_back(caption == nullptr ? -1
                                                   : std::ranges::find(label.classes, *caption) -
                                                         label.classes.begin());
  }
  return {label};
}

}  // namespace

absl::StatusOr<std::vector<Label>> LabelsOf(const Run& run,
                                            const std::vector<Document>& documents) {
  if (run.config.data.kind != DataKind::kShapes ||
      run.config.data.shapes.variant == ShapesVariant::kDifferences) {
    return CaptionLabel(documents);
  }
  std::vector<SceneDescription> scenes;
  for (const Document& document : documents) {
    ASSIGN_OR_RETURN(scenes.emplace_back(), ParseCaption(*AsText(document.segments.front())));
  }
  return SceneLabels(scenes);
}

}  // namespace tessera
