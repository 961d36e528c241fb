// A file system that fails on purpose, for tests of what sits above it.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "files/files.h"
#include "ops/hash.h"

namespace tessera {

// Every operation fails with probability `rate`, as a passing error: half of the faults come before
// it does anything, the others half-way. Half-way, a read is lost, a write leaves half of a
// ".partial" file as a killed one does, an append is rolled back, a folder is made without its last
// part or loses one of its files, and a sync is done but not confirmed. A rename has no half.
// The k-th operation's fate is a function of (seed, k).
class FaultyFileSystem : public FileSystem {
 public:
  FaultyFileSystem(double rate, uint64_t seed,
                   std::shared_ptr<const FileSystem> inner = RealFileSystem())
      : rate_(rate), seed_(seed), inner_(std::move(inner)) {}

  int64_t operations() const { return operations_; }
  int64_t faults() const { return faults_; }
  int64_t ranges_read() const { return ranges_read_; }
  int64_t faults_half_way() const { return faults_half_way_; }

  absl::StatusOr<PathKind> Kind(const std::string& path) const override {
    return Do<absl::StatusOr<PathKind>>(
        path, [&] { return inner_->Kind(path); }, [] {});
  }
  absl::StatusOr<std::string> Resolve(const std::string& path) const override {
    return Do<absl::StatusOr<std::string>>(
        path, [&] { return inner_->Resolve(path); }, [] {});
  }
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    return Do<absl::StatusOr<std::string>>(
        path, [&] { return inner_->Read(path); }, [] {});
  }
  absl::StatusOr<std::string> ReadRange(const std::string& path, int64_t offset,
                                        int64_t size) const override {
    ++ranges_read_;
    return Do<absl::StatusOr<std::string>>(
        path, [&] { return inner_->ReadRange(path, offset, size); }, [] {});
  }
  absl::StatusOr<FileStamp> Stamp(const std::string& path) const override {
    return Do<absl::StatusOr<FileStamp>>(
        path, [&] { return inner_->Stamp(path); }, [] {});
  }
  absl::Status Write(const std::string& path, std::string_view bytes) const override {
    return Do<absl::Status>(
        path, [&] { return inner_->Write(path, bytes); },
        [&] { inner_->Write(path + ".partial", Half(bytes)).IgnoreError(); });
  }
  absl::Status Append(const std::string& path, std::string_view bytes) const override {
    return Do<absl::Status>(
        path, [&] { return inner_->Append(path, bytes); }, [&] { AppendAndRollBack(path, bytes); });
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const override {
    return Do<absl::StatusOr<std::vector<std::string>>>(
        folder, [&] { return inner_->List(folder); }, [] {});
  }
  absl::Status MakeFolder(const std::string& path) const override {
    const std::string above = std::filesystem::path(path).parent_path().string();
    return Do<absl::Status>(
        path, [&] { return inner_->MakeFolder(path); },
        [&] { above.empty() ? void() : inner_->MakeFolder(above).IgnoreError(); });
  }
  absl::Status Rename(const std::string& from, const std::string& to) const override {
    return Do<absl::Status>(
        to, [&] { return inner_->Rename(from, to); }, [] {});
  }
  absl::Status Remove(const std::string& path) const override {
    return Do<absl::Status>(
        path, [&] { return inner_->Remove(path); }, [&] { RemoveOneInside(path); });
  }
  absl::Status Sync(const std::string& folder) const override {
    return Do<absl::Status>(
        folder, [&] { return inner_->Sync(folder); }, [&] { inner_->Sync(folder).IgnoreError(); });
  }

 private:
  template <class Result, class Operation, class HalfOfIt>
  Result Do(const std::string& path, const Operation& operation, const HalfOfIt& half) const {
    const uint64_t fate = MixBits(seed_ ^ MixBits(static_cast<uint64_t>(operations_++)));
    if (UnitInterval(fate) >= rate_) {
      return operation();
    }
    ++faults_;
    if (fate % 2 == 0) {
      ++faults_half_way_;
      half();
    }
    return absl::UnavailableError("injected fault at '" + path + "'");
  }

  static std::string_view Half(std::string_view bytes) { return bytes.substr(0, bytes.size() / 2); }

  void AppendAndRollBack(const std::string& path, std::string_view bytes) const {
    std::error_code none;
    const auto before = std::filesystem::file_size(path, none);
    inner_->Append(path, Half(bytes)).IgnoreError();
    std::filesystem::resize_file(path, none ? 0 : before);
  }

  void RemoveOneInside(const std::string& path) const {
    const auto names = inner_->List(path);
    if (names.ok() && !names->empty()) {
      inner_->Remove(JoinPath(path, names->front())).IgnoreError();
    }
  }

  const double rate_;
  const uint64_t seed_;
  const std::shared_ptr<const FileSystem> inner_;
  mutable std::atomic<int64_t> operations_ = 0;
  mutable std::atomic<int64_t> ranges_read_ = 0;
  mutable std::atomic<int64_t> faults_ = 0;
  mutable std::atomic<int64_t> faults_half_way_ = 0;
};

// Files over a faulty system whose retries do not really wait.
inline Files FilesWithoutWaiting(std::shared_ptr<const FileSystem> system, int64_t tries = 20) {
  RetryHooks hooks = RetryHooks::Real();
  hooks.sleep = [](double) {};
  RetryPolicy policy;
  policy.tries = tries;
  return Files(policy, std::move(system), hooks);
}

}  // namespace tessera
