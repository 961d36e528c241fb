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
  const std::vector<DataConfig> sets = config.Sets();
  const bool drawn = sets.size() == 1 && sets[0].kind == DataKind::kShapes;
  return drawn ? MakeSceneJudge(sets[0].shapes.variant) : MakeFileJudge(config);
}

}  // namespace tessera
