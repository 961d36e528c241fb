#include "run/make_tokenizer.h"

#include <gtest/gtest.h>

#include "data/shapes/shapes.h"

namespace tessera {
namespace {

TEST(MakeTokenizer, ReadsThePathOrTrains) {
  const auto dataset = *MakeShapes(ShapesConfig(), Split::kTrain, 16);
  const std::string path = TESSERA_SOURCE_DIR "/tests/data/files/llama2_style.model";
  EXPECT_EQ(MakeTokenizer({.path = path}, *dataset, Files())->Serialized(), *Files().Read(path));
  EXPECT_EQ(MakeTokenizer({.documents = 500}, *dataset, Files())->Serialized(),
            Tokenizer::Train(*GatherTexts(*dataset, 500), {})->Serialized());
  const std::string no_model = TESSERA_SOURCE_DIR "/LICENSE";
  EXPECT_EQ(MakeTokenizer({.path = no_model}, *dataset, Files()).status().message(),
            "tokenizer.path: '" + no_model + "' is not a sentencepiece model");
}

}  // namespace
}  // namespace tessera
