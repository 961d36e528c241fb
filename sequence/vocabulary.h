// Ids of the sequence: the tokenizer's ids first, then ours. One opener per picture grid, so that
// the text head itself chooses when a picture comes and of which grid.
//   <doc> text <image HxW> patch_1 .. patch_N <end-image> text ... <end-doc>
#pragma once

#include <cstdint>
#include <optional>

namespace tessera {

class Vocabulary {
 public:
  Vocabulary(int64_t text_size, int64_t num_grids) : text_size_(text_size), num_grids_(num_grids) {}

  int64_t text_size() const { return text_size_; }
  int64_t num_grids() const { return num_grids_; }
  int64_t size() const { return text_size_ + kNumSpecials + num_grids_; }

  int64_t document() const { return text_size_; }
  int64_t end_document() const { return text_size_ + 1; }
  int64_t end_image() const {
    return text_size_ + 2;
  }  // forced after the last patch, never sampled
  int64_t null_text() const { return text_size_ + 3; }  // stands for each dropped text token
  int64_t patch() const { return text_size_ + 4; }      // holds a patch's place among the ids
  int64_t opener(int64_t grid) const { return text_size_ + kNumSpecials + grid; }

  // The grid that an id opens, if it is an opener.
  std::optional<int64_t> GridOf(int64_t id) const {
    const int64_t grid = id - opener(0);
    return grid >= 0 && grid < num_grids_ ? std::optional(grid) : std::nullopt;
  }

 private:
  static constexpr int64_t kNumSpecials = 5;
  int64_t text_size_;
  int64_t num_grids_;
};

}  // namespace tessera
