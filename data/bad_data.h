// What happens to bad data: it either stops the opening of a set or is listed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "data/config.h"

namespace tessera {

class BadData {
 public:
  explicit BadData(OnError on_error) : on_error_(on_error) {}

  // The error to return, if bad data stops. A disk that fails for a passing reason always stops:
  // skipping what it holds would make the set depend on luck.
  absl::Status Report(const absl::Status& problem);

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  OnError on_error_;
  std::vector<std::string> problems_;
};

}  // namespace tessera
