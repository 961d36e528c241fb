// A file system that fails on purpose, for tests of what sits above it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "files/files.h"
#include "ops/hash.h"

namespace tessera {

// Every operation fails with probability `rate`, as a passing error, before it does anything. The
// k-th operation's fate is a function of (seed, k).
class FaultyFileSystem : public FileSystem {
 public:
  FaultyFileSystem(double rate, uint64_t seed,
                   std::shared_ptr<const FileSystem> inner = RealFileSystem())
      : rate_(rate), seed_(seed), inner_(std::move(inner)) {}

  int64_t operations() const { return operations_; }
  int64_t faults() const { return faults_; }

  absl::StatusOr<PathKind> Kind(const std::string& path) const override {
    return Fails() ? Fault(path) : inner_->Kind(path);
  }
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    return Fails() ? Fault(path) : inner_->Read(path);
  }
  absl::Status Write(const std::string& path, std::string_view bytes) const override {
    return Fails() ? Fault(path) : inner_->Write(path, bytes);
  }
  absl::Status Append(const std::string& path, std::string_view bytes) const override {
    return Fails() ? Fault(path) : inner_->Append(path, bytes);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) const override {
    return Fails() ? Fault(folder) : inner_->List(folder);
  }
  absl::Status MakeFolder(const std::string& path) const override {
    return Fails() ? Fault(path) : inner_->MakeFolder(path);
  }
  absl::Status Rename(const std::string& from, const std::string& to) const override {
    return Fails() ? Fault(to) : inner_->Rename(from, to);
  }
  absl::Status Remove(const std::string& path) const override {
    return Fails() ? Fault(path) : inner_->Remove(path);
  }
  absl::Status Sync(const std::string& folder) const override {
    return Fails() ? Fault(folder) : inner_->Sync(folder);
  }

 private:
  bool Fails() const {
    const uint64_t operation = static_cast<uint64_t>(operations_++);
    const bool fails = UnitInterval(MixBits(seed_ ^ MixBits(operation))) < rate_;
    faults_ += fails;
    return fails;
  }
  static absl::Status Fault(const std::string& path) {
    return absl::UnavailableError("injected fault at '" + path + "'");
  }

  const double rate_;
  const uint64_t seed_;
  const std::shared_ptr<const FileSystem> inner_;
  mutable std::atomic<int64_t> operations_ = 0;
  mutable std::atomic<int64_t> faults_ = 0;
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
