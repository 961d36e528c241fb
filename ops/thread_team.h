// Threads for work that lasts microseconds, as a product of one row and a matrix does. A library's
// parallel region waits for all of its threads, so that one busy core delays every product. Here
// the caller begins at once and waits for nothing but what a helper has begun; helpers that come
// late find the work done.
#pragma once

#include <cstdint>

namespace tessera {

class ThreadTeam {
 public:
  // The team of the process. Its helpers start with the first work for them, and sleep when there
  // has been none for a while.
  static ThreadTeam& Shared();

  // Calls f(first, last) for shares of the items [0, items), on up to `threads` threads, and
  // returns when all are done. A thread gets the same share of equal work each time, so that what
  // it reads may still be in its cache. A call from inside f, or while another caller has the team,
  // runs on its own thread alone.
  template <class Function>
  void Run(int64_t threads, int64_t items, const Function& f) {
    if (threads <= 1 || items <= 1) {
      f(int64_t{0}, items);
      return;
    }
    RunJob(threads, {items, &f, [](const void* function, int64_t first, int64_t last) {
                       (*static_cast<const Function*>(function))(first, last);
                     }});
  }

 private:
  struct Job {
    int64_t items;
    const void* function;
    void (*call)(const void* function, int64_t first, int64_t last);
  };
  struct State;

  ThreadTeam();
  void RunJob(int64_t threads, const Job& job);

  State& state_;  // outlives the process's other statics, since helpers read it to the end
};

}  // namespace tessera
