// Where a text is cut before pairs of bytes are joined: the `pre_tokenizer` of a tokenizer.json,
// whose regular expressions PCRE2 evaluates.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "files/json.h"

namespace tessera {

class WordCutter {
 public:
  // Reads Split, Digits, ByteLevel and a Sequence of them. Errors name what is not read here.
  static absl::StatusOr<WordCutter> Parse(const Json& pre_tokenizer);

  // The parts of the text in their order, which leave nothing out. A text that is no UTF-8 is one
  // part. Throws std::runtime_error if an expression gives up.
  std::vector<std::string_view> Cut(std::string_view text) const;

 private:
  class Expression;

  absl::Status Add(const Json& step);
  absl::Status AddExpression(std::string_view pattern, bool literal);

  std::vector<std::shared_ptr<const Expression>> expressions_;  // each cuts the parts of the last
  bool has_byte_level_ = false;
};

}  // namespace tessera
