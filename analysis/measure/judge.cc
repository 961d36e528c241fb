#include "analysis/measure/judge.h"

#include "absl/strings/str_cat.h"
#include "analysis/measure/captioned.h"

namespace tessera {

std::optional<Question> CaptionQuestion(const Document& document) {
  const std::string* caption = CaptionOf(document);
  return caption == nullptr
             ? std::nullopt
             : std::optional<Question>({.prompt = {{document.segments[1]}}, .answer = *caption});
}

std::string Judge::TextVerdict(const std::string& text, const std::string& truth) const {
  return text == truth ? "right" : absl::StrCat("it is: ", truth);
}

std::unique_ptr<const Judge> MakeJudge(const DataConfig& config) {
  return config.kind == DataKind::kShapes ? MakeSceneJudge(config.shapes.variant)
                                          : MakeFileJudge(config);
}

}  // namespace tessera
