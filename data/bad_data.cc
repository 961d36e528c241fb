#include "data/bad_data.h"

#include "absl/strings/str_cat.h"
#include "files/retry.h"

namespace tessera {

absl::Status BadData::Report(const absl::Status& problem) {
  if (IsTransient(problem)) {
    return problem;
  }
  if (on_error_ == OnError::kStop) {
    return absl::Status(problem.code(),
                        absl::StrCat(problem.message(), "; or set data.on_error = \"skip\""));
  }
  problems_.emplace_back(problem.message());
  return absl::OkStatus();
}

}  // namespace tessera
