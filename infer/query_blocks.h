// Query patches (model/objectives/query_patches.h) of documents that draw, read beside what their
// rows have read. G = guidance conditions, N = queries of all rows, W = width of a hidden state, D
// = numbers a patch.
#pragma once

#include <vector>

#include "infer/drawer.h"

namespace tessera {

// One query of one row.
struct QueryIndex {
  size_t row, query;
};

class QueryBlocks {
 public:
  // Queries for the NextCells of each row, all grey. The rows must outlive them.
  QueryBlocks(Model& model, Reader& reader, const std::vector<DrawingRow>& rows);

  std::vector<ReadBlock>& blocks() { return blocks_; }  // one a row
  ReadSlot& at(QueryIndex index) { return blocks_[index.row][index.query]; }
  std::vector<QueryIndex> All() const;

  // The hidden states at these queries under each condition: [G, N, W].
  Tensor States(const std::vector<QueryIndex>& queries);

  // What the queries hold, rounded to 8-bit pixels: [patches, D] a row.
  std::vector<Tensor> Patches() const;

 private:
  Reader& reader_;
  const std::vector<DrawingRow>& rows_;
  std::vector<ReadBlock> blocks_;
};

}  // namespace tessera
