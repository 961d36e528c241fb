// Opening data sets of files in tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "data/make_dataset.h"
#include "tests/files/temp_folder.h"

namespace tessera {

inline Image Dot(uint8_t value) { return {1, 1, {value, value, value}}; }

inline DataConfig Config(DataKind kind, const std::string& path,
                         OnError on_error = OnError::kStop) {
  DataConfig config;
  config.kind = kind;
  config.path = path;
  config.on_error = on_error;
  config.test_share = 0;
  return config;
}

inline absl::StatusOr<std::unique_ptr<Dataset>> Open(const DataConfig& config,
                                                     Split split = Split::kTrain) {
  return MakeDataset(config, split, 32, 32, std::make_shared<Files>());
}

inline std::vector<Document> DocumentsOf(const absl::StatusOr<std::unique_ptr<Dataset>>& dataset) {
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  std::vector<Document> documents;
  for (int64_t i = 0; dataset.ok() && i < (*dataset)->size(); ++i) {
    documents.push_back((*dataset)->Get(i).value());
  }
  return documents;
}

// Why a folder of one document cannot be used, without the parts that every message has.
inline std::string Complaint(const TempFolder& folder, const DataConfig& config) {
  const auto dataset = Open(config);
  absl::Status status = dataset.status();
  if (dataset.ok()) {
    status = (*dataset)->Get(0).status();
  }
  std::string message(status.message());
  for (const std::string& part :
       std::vector<std::string>{folder.path() + "/", "; or set data.on_error = \"skip\""}) {
    if (const size_t at = message.find(part); at != message.npos) {
      message.erase(at, part.size());
    }
  }
  return message;
}

}  // namespace tessera
