#include "infer/query_blocks.h"

#include <ATen/Functions.h>

#include "ops/pixels.h"

namespace tessera {

QueryBlocks::QueryBlocks(Model& model, Reader& reader, const std::vector<DrawingRow>& rows)
    : reader_(reader), rows_(rows) {
  const Tensor grey_D = at::zeros({model.patch_dim()}, model.device());
  for (const DrawingRow& row : rows) {
    ReadBlock block;
    int64_t turn = row.continuation.turn();
    for (const int64_t cell : row.continuation.NextCells()) {
      block.push_back({.id = model.vocabulary().patch(),
                       .patch_D = grey_D,
                       .grid = row.continuation.grid(),
                       .turn = turn++,
                       .cell = cell});
    }
    blocks_.push_back(std::move(block));
  }
}

std::vector<QueryIndex> QueryBlocks::All() const {
  std::vector<QueryIndex> all;
  for (size_t row = 0; row < blocks_.size(); ++row) {
    for (size_t query = 0; query < blocks_[row].size(); ++query) {
      all.push_back({row, query});
    }
  }
  return all;
}

Tensor QueryBlocks::States(const std::vector<QueryIndex>& queries) {
  const auto conditions = static_cast<int64_t>(rows_.front().reader_rows.size());
  std::vector<RowBlock> peeked;
  for (int64_t condition = 0; condition < conditions; ++condition) {
    for (size_t row = 0; row < rows_.size(); ++row) {
      peeked.push_back({rows_[row].reader_rows[static_cast<size_t>(condition)], blocks_[row]});
    }
  }
  const Tensor h_RTW = reader_.Peek(peeked);
  std::vector<int64_t> slots;
  for (const auto& [row, query] : queries) {
    slots.push_back(static_cast<int64_t>(row) * h_RTW.size(1) + static_cast<int64_t>(query));
  }
  const Tensor h_GMW = h_RTW.unflatten(0, {conditions, std::ssize(rows_)}).flatten(1, 2);
  return at::index_select(h_GMW, 1, torch::tensor(slots, h_RTW.device()));
}

std::vector<Tensor> QueryBlocks::Patches() const {
  std::vector<Tensor> patches;
  for (const ReadBlock& block : blocks_) {
    std::vector<Tensor> held;
    for (const ReadSlot& slot : block) {
      held.push_back(slot.patch_D);
    }
    patches.push_back(NearestPixels(at::stack(held)));
  }
  return patches;
}

}  // namespace tessera
