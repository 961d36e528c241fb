// sentencepiece behind standard types: its headers bring an absl::string_view of their own, so they
// and Abseil's cannot meet in one file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
  static std::shared_ptr<const SentencePieces> Parse(const std::string& model);

  virtual ~SentencePieces() = default;
  virtual int64_t size() const = 0;
  virtual std::vector<int64_t> Encode(std::string_view text) const = 0;

  // Ids outside [0, size()) are passed over.
  virtual std::string Decode(const std::vector<int64_t>& ids) const = 0;
};

}  // namespace tessera
