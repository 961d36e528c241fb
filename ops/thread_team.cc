#include "ops/thread_team.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMostThreads = 64;
constexpr int64_t kUnits = 4;  // a thread's share is begun in so many pieces, which others may take
constexpr auto kAwake = std::chrono::microseconds(200);  // a helper looks for work before it sleeps
// A wait of this length means that a helper was taken off its core in the middle of a piece.
constexpr auto kInterrupted = std::chrono::microseconds(100);
constexpr int64_t kRest = 20;  // helpers then rest for so many times as long

// Which pieces of a thread's share are left, and of which job: one number, so that taking a piece
// of a job that is over fails.
struct alignas(64) Share {
  std::atomic<uint64_t> left = 0;  // job * 2^8 + pieces
  std::atomic<uint64_t> done = 0;  // pieces that this thread has done, of all shares and jobs

  bool Take(uint64_t job, int64_t* piece) {
    uint64_t seen = left.load(std::memory_order_acquire);
    while (seen >> 8 == job && (seen & 0xFF) > 0) {
      if (left.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel)) {
        *piece = kUnits - static_cast<int64_t>(seen & 0xFF);
        return true;
      }
    }
    return false;
  }
};

struct Release {
  std::atomic<bool>& taken;
  ~Release() { taken.store(false, std::memory_order_release); }
};

}  // namespace

// What a helper reads of a job may already be the next one's. It then takes no piece, since a job
// ends when all of its pieces are taken and done.
struct ThreadTeam::State {
  std::array<Share, kMostThreads> shares;
  std::atomic<uint32_t> number = 0;  // of the job
  std::atomic<int64_t> threads = 0, items = 0;
  std::atomic<const void*> function = nullptr;
  std::atomic<void (*)(const void*, int64_t, int64_t)> call = nullptr;

  std::atomic<bool> taken = false;  // by a caller
  int64_t helpers = 0;
  Clock::time_point rest_until = {};

  std::atomic<int64_t> sleepers = 0;  // that nobody has woken

  // Takes pieces of the job, of the thread's own share first. Returns how many.
  int64_t Work(int64_t thread, uint64_t job) {
    const int64_t all_threads = threads.load(std::memory_order_relaxed);
    const int64_t all = items.load(std::memory_order_relaxed);
    const void* const f = function.load(std::memory_order_relaxed);
    const auto run = call.load(std::memory_order_relaxed);
    int64_t count = 0, piece = 0;
    for (int64_t i = 0; thread < all_threads && i < all_threads; ++i) {
      const int64_t owner = (thread + i) % all_threads;
      while (shares[owner].Take(job, &piece)) {
        const int64_t unit = owner * kUnits + piece, units = all_threads * kUnits;
        const int64_t first = unit * all / units, last = (unit + 1) * all / units;
        if (first < last) {
          run(f, first, last);
        }
        shares[thread].done.store(shares[thread].done.load(std::memory_order_relaxed) + 1,
                                  std::memory_order_release);
        ++count;
      }
    }
    return count;
  }

  void Help(int64_t thread) {
    // A helper that wakes must not push the caller off its core, if all cores are busy.
    const sched_param same = {};
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &same);
    for (uint32_t seen = 0;;) {
      seen = NextJob(seen);
      Work(thread, seen);
    }
  }

  uint32_t NextJob(uint32_t seen) {
    const auto begin = Clock::now();
    for (int64_t spins = 1; number.load(std::memory_order_acquire) == seen; ++spins) {
      __builtin_ia32_pause();
      if (spins % 64 == 0 && Clock::now() - begin > kAwake) {
        ++sleepers;
        number.wait(seen);
      }
    }
    return number.load(std::memory_order_acquire);
  }

  void Start(int64_t count) {
    for (; helpers < count; ++helpers) {
      std::thread([this, thread = helpers + 1] { Help(thread); }).detach();
    }
  }

  uint64_t Done(int64_t count) const {
    uint64_t done = 0;
    for (int64_t thread = 1; thread < count; ++thread) {
      done += shares[thread].done.load(std::memory_order_acquire);
    }
    return done;
  }

  // Waits for the pieces that helpers have begun.
  void Await(int64_t count, uint64_t done) {
    if (Done(count) == done) {
      return;
    }
    const auto begin = Clock::now();
    for (int64_t spins = 1; Done(count) != done; ++spins) {
      __builtin_ia32_pause();
      if (spins % 65536 == 0) {
        std::this_thread::yield();  // the helper may be waiting for this very core
      }
    }
    const auto waited = Clock::now() - begin;
    if (waited > kInterrupted) {
      rest_until = Clock::now() + kRest * waited;
    }
  }
};

ThreadTeam::ThreadTeam() : state_(*new State) {}

ThreadTeam& ThreadTeam::Shared() {
  static ThreadTeam team;
  return team;
}

void ThreadTeam::RunJob(int64_t threads, const Job& job) {
  State& s = state_;
  if (s.taken.exchange(true, std::memory_order_acquire)) {
    job.call(job.function, 0, job.items);
    return;
  }
  const Release release{s.taken};
  if (s.rest_until != Clock::time_point()) {
    if (Clock::now() < s.rest_until) {
      job.call(job.function, 0, job.items);
      return;
    }
    s.rest_until = {};
  }
  threads = std::min(threads, kMostThreads);
  s.Start(threads - 1);
  const uint32_t number = s.number.load(std::memory_order_relaxed) + 1;
  const uint64_t before = s.Done(threads);
  s.threads.store(threads, std::memory_order_relaxed);
  s.items.store(job.items, std::memory_order_relaxed);
  s.function.store(job.function, std::memory_order_relaxed);
  s.call.store(job.call, std::memory_order_relaxed);
  for (int64_t thread = 0; thread < threads; ++thread) {
    s.shares[thread].left.store(uint64_t{number} << 8 | kUnits, std::memory_order_release);
  }
  s.number.store(number);  // before sleepers are counted: none is missed
  if (s.sleepers.load() > 0) {
    s.sleepers.store(0);  // each is woken once, however long it takes to come
    s.number.notify_all();
  }
  const int64_t own = s.Work(0, number);
  s.Await(threads, before + static_cast<uint64_t>(threads * kUnits - own));
}

}  // namespace tessera
