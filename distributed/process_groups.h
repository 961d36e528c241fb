// The connections of a rank to the others, by torch's own c10d. Private to this room.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "distributed/heartbeat.h"

namespace tessera {

// Two groups of the same ranks: what is begun by a thread of the first must not come between what
// the program begins itself, since ranks match their calls by order.
struct ProcessGroups {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroup> group;  // of the calling thread
  c10::intrusive_ptr<c10d::ProcessGroup> after;  // of what follows a call on `group`
  std::string host;                              // of this process
  int64_t attempt = 0;                           // of torchrun to start the ranks
  std::unique_ptr<Heartbeat> heartbeat = nullptr;
};

// Connects to all ranks of a group over Gloo (distributed/gloo.cc), which reach this one by the
// address, or by the network interface that GLOO_SOCKET_IFNAME names. Throws if that fails.
c10::intrusive_ptr<c10d::ProcessGroup> MakeGlooGroup(const c10::intrusive_ptr<c10d::Store>& store,
                                                     int rank, int size,
                                                     const std::string& address);

// Meets the other ranks at a store; they reach this one by the address. Throws c10::Error.
std::shared_ptr<ProcessGroups> Connect(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank,
                                       int64_t size, const std::string& address);

// Whether this build has Gloo.
bool HasGloo();

// Calls `work`, which uses a group; what Gloo throws of a connection becomes RankLost.
void OrRankLost(const std::function<void()>& work);

}  // namespace tessera
