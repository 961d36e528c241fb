// A sign of life of each rank, for the case that no connection breaks when a rank is gone: a host
// without power or network, a process that is stopped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace tessera {

struct HeartbeatTiming {
  std::chrono::milliseconds every{1000};
  int64_t patience = 30;  // beats that may be missed
};

class Heartbeat {
 public:
  // Counts up a number of this rank in the store, and watches that of the next rank. Calls on_lost
  // from a thread of its own when that one stands still, or when the store, which is on the host of
  // rank 0, stays away as long.
  Heartbeat(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank, int64_t size,
            HeartbeatTiming timing, std::function<void(int64_t lost)> on_lost);
  ~Heartbeat();

 private:
  void Watch(const std::function<void(int64_t)>& on_lost);
  bool EndsWithin(std::chrono::milliseconds time);

  const c10::intrusive_ptr<c10d::Store> store_;  // a connection of its own
  const int64_t rank_, watched_;
  const HeartbeatTiming timing_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread thread_;  // last, since it uses all of the above
};

}  // namespace tessera
