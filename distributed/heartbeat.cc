#include "distributed/heartbeat.h"

#include <exception>
#include <string>
#include <utility>

namespace tessera {
namespace {

std::string KeyOf(int64_t rank) { return "beat/" + std::to_string(rank); }

}  // namespace

Heartbeat::Heartbeat(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank, int64_t size,
                     HeartbeatTiming timing, std::function<void(int64_t)> on_lost)
    : store_(store->clone()), rank_(rank), watched_((rank + 1) % size), timing_(timing) {
  thread_ = std::thread([this, on_lost = std::move(on_lost)] { Watch(on_lost); });
}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

bool Heartbeat::EndsWithin(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, time, [this] { return ending_; });
}

// Beats are counted by this rank's own clock: ranks that are stopped and continued together have
// missed none of each other's.
void Heartbeat::Watch(const std::function<void(int64_t)>& on_lost) {
  int64_t last = -1, missed = 0;
  try {
    while (!EndsWithin(timing_.every)) {
      store_->add(KeyOf(rank_), 1);
      const int64_t now = store_->add(KeyOf(watched_), 0);
      missed = now == last ? missed + 1 : 0;
      last = now;
      if (missed > timing_.patience) {
        return on_lost(watched_);
      }
    }
  } catch (const std::exception&) {  // of the store; rank 0 may just have ended in good order
    if (!EndsWithin(timing_.every * timing_.patience)) {
      on_lost(0);
    }
  }
}

}  // namespace tessera
