#include "run/fitting_split.h"

#include <utility>

#include "config/status.h"

namespace tessera {

absl::StatusOr<std::shared_ptr<const Dataset>> FittingPart(const Run& run, Split split,
                                                           std::shared_ptr<const Dataset> dataset,
                                                           TooLong* too_long) {
  const DataConfig& data = run.config.data;
  ASSIGN_OR_RETURN(*too_long, FindTooLong(*dataset, data, run.layout, run.tokenizer));
  return ToRead(std::move(dataset), split, data.too_long, too_long);
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenFittingPart(
    const Run& run, Split split, const std::shared_ptr<const Files>& files, TooLong* too_long) {
  ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> dataset, OpenDataset(run.config, split, files));
  TooLong unnamed;
  return run.config.data.too_long == LongDocuments::kCut
             ? dataset
             : FittingPart(run, split, dataset, too_long != nullptr ? too_long : &unnamed);
}

}  // namespace tessera
