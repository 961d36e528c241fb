// sentencepiece behind standard types: its headers bring an absl::string_view of their own, so they
// and Abseil's cannot meet in one file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/text/text_codec.h"

namespace tessera {

class SentencePieces {
 public:
  struct Trained {
    std::string model;    // the bytes of a .model file, empty after a failure
    std::string problem;  // why there is no model
  };

  // type: sentencepiece's name of the method. The model is a pure function of the arguments; it
  // changes no character, and falls back on bytes for those it does not know.
  static Trained Train(std::vector<std::string> lines, std::string_view type, int64_t size);

  // Null if the bytes are no model.
  static std::shared_ptr<const TextCodec> Parse(const std::string& model);
};

}  // namespace tessera
