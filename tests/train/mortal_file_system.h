// A file system that dies in the middle of what a program does with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "files/files.h"

namespace tessera {

// Dies after some changes, as a killed process does: everything after that fails.
class MortalFileSystem : public FileSystem {
 public:
  explicit MortalFileSystem(int changes) : changes_(changes) {}

  absl::StatusOr<PathKind> Kind(const std::string& path) const override {
    return alive() ? real_->Kind(path) : absl::StatusOr<PathKind>(Dead());
  }
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    return alive() ? real_->Read(path) : absl::StatusOr<std::string>(Dead());
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const override {
    return alive() ? real_->List(folder) : absl::StatusOr<std::vector<std::string>>(Dead());
  }
  absl::Status Write(const std::string& path, std::string_view bytes) const override {
    return Change([&] { return real_->Write(path, bytes); });
  }
  absl::Status Append(const std::string& path, std::string_view bytes) const override {
    return Change([&] { return real_->Append(path, bytes); });
  }
  absl::Status MakeFolder(const std::string& path) const override {
    return Change([&] { return real_->MakeFolder(path); });
  }
  absl::Status Rename(const std::string& from, const std::string& to) const override {
    return Change([&] { return real_->Rename(from, to); });
  }
  absl::Status Remove(const std::string& path) const override {
    return Change([&] { return real_->Remove(path); });
  }
  absl::Status Sync(const std::string& folder) const override {
    return alive() ? real_->Sync(folder) : Dead();
  }

  bool alive() const { return changes_ >= 0; }

 private:
  static absl::Status Dead() { return absl::InternalError("killed"); }
  template <class Operation>
  absl::Status Change(Operation operation) const {
    return --changes_ >= 0 ? operation() : Dead();
  }

  mutable int changes_;
  std::shared_ptr<const FileSystem> real_ = RealFileSystem();
};

}  // namespace tessera
