// Draws the picture of a sentence with a trained run:
//   generate RUN 'a large red circle in the middle' PICTURE.png
#include <iostream>

#include "config/status.h"
#include "data/image/image_io.h"
#include "infer/generator.h"
#include "run/run.h"

namespace tessera {
namespace {

absl::Status Draw(const std::string& folder, const std::string& sentence, const std::string& out) {
  const Files files;
  ASSIGN_OR_RETURN(const Run run, LoadRun(folder, files));
  const Document prompt{.segments = {sentence}};
  RETURN_IF_ERROR(CheckPrompt(prompt, Until::kImage, run.layout, run.tokenizer));
  const std::vector<Document> documents =
      Generate(*run.model, run.tokenizer, run.layout, run.config.generate,
               {.prompts = {prompt}, .until = Until::kImage, .seed = 1});
  const Image* picture = AsImage(documents[0].segments.back());
  return picture == nullptr ? absl::NotFoundError("the model drew nothing")
                            : files.Write(out, EncodePng(*picture));
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "generate RUN SENTENCE PICTURE.png\n";
    return 2;
  }
  const absl::Status status = tessera::Draw(argv[1], argv[2], argv[3]);
  std::cerr << status.message() << (status.ok() ? "" : "\n");
  return status.ok() ? 0 : 2;
}
