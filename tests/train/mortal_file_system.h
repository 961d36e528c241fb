// A file system that dies in the middle of what a program does with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "files/files.h"

namespace tessera {

// Dies after some changes, as a killed process does: everything after that fails. Half-way, it dies
// in the middle of the next change: a write leaves half of its ".partial" file, an append half of
// its line, and a folder that goes has lost one of its files.
class MortalFileSystem : public FileSystem {
 public:
  explicit MortalFileSystem(int changes, bool half_way = false)
      : changes_(changes), half_way_(half_way) {}

  absl::StatusOr<PathKind> Kind(const std::string& path) const override {
    return alive() ? real_->Kind(path) : absl::StatusOr<PathKind>(Dead());
  }
  absl::StatusOr<std::string> Resolve(const std::string& path) const override {
    return alive() ? real_->Resolve(path) : absl::StatusOr<std::string>(Dead());
  }
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    return alive() ? real_->Read(path) : absl::StatusOr<std::string>(Dead());
  }
  absl::StatusOr<std::string> ReadRange(const std::string& path, int64_t offset,
                                        int64_t size) const override {
    return alive() ? real_->ReadRange(path, offset, size) : absl::StatusOr<std::string>(Dead());
  }
  absl::StatusOr<FileStamp> Stamp(const std::string& path) const override {
    return alive() ? real_->Stamp(path) : absl::StatusOr<FileStamp>(Dead());
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const override {
    return alive() ? real_->List(folder) : absl::StatusOr<std::vector<std::string>>(Dead());
  }
  absl::Status Write(const std::string& path, std::string_view bytes) const override {
    return Change([&] { return real_->Write(path, bytes); },
                  [&] { real_->Write(path + ".partial", Half(bytes)).IgnoreError(); });
  }
  absl::Status Append(const std::string& path, std::string_view bytes) const override {
    return Change([&] { return real_->Append(path, bytes); },
                  [&] { real_->Append(path, Half(bytes)).IgnoreError(); });
  }
  absl::Status MakeFolder(const std::string& path) const override {
    return Change([&] { return real_->MakeFolder(path); }, [] {});
  }
  absl::Status Rename(const std::string& from, const std::string& to) const override {
    return Change([&] { return real_->Rename(from, to); }, [] {});
  }
  absl::Status Remove(const std::string& path) const override {
    return Change([&] { return real_->Remove(path); }, [&] { RemoveOneInside(path); });
  }
  absl::Status Sync(const std::string& folder) const override {
    return alive() ? real_->Sync(folder) : Dead();
  }

  bool alive() const { return changes_ >= 0; }

 private:
  static absl::Status Dead() { return absl::InternalError("killed"); }
  template <class Operation, class HalfOfIt>
  absl::Status Change(const Operation& operation, const HalfOfIt& half) const {
    if (--changes_ >= 0) {
      return operation();
    }
    if (half_way_ && changes_ == -1) {
      half();
    }
    return Dead();
  }

  static std::string_view Half(std::string_view bytes) { return bytes.substr(0, bytes.size() / 2); }

  void RemoveOneInside(const std::string& path) const {
    const auto names = real_->List(path);
    if (names.ok() && !names->empty()) {
      real_->Remove(JoinPath(path, names->front())).IgnoreError();
    }
  }

  mutable int changes_;
  bool half_way_;
  std::shared_ptr<const FileSystem> real_ = RealFileSystem();
};

}  // namespace tessera
