// The only file that sees Gloo's headers, which a build may be without.
#include <cstdlib>

#include "distributed/process_groups.h"
#include "distributed/ranks.h"

#ifdef TESSERA_GLOO
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif

namespace tessera {

#ifdef TESSERA_GLOO

bool HasGloo() { return true; }

c10::intrusive_ptr<c10d::ProcessGroup> MakeGlooGroup(const c10::intrusive_ptr<c10d::Store>& store,
                                                     int rank, int size,
                                                     const std::string& address) {
  // The heartbeat finds out who is gone. A call may take as long as the others wait for rank 0,
  // which evaluates, draws and writes between steps.
  constexpr std::chrono::hours kTimeout(24);
  auto options = c10d::ProcessGroupGloo::Options::create(kTimeout);
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");  // as PyTorch reads it
  options->devices = {interface != nullptr
                          ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                          : c10d::ProcessGroupGloo::createDeviceForHostname(address)};
  options->threads = 1;  // what follows a call then follows in the order of calls
  auto group = c10::make_intrusive<c10d::ProcessGroup>(store, rank, size);
  const auto backend =
      c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, std::move(options));
  group->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO, backend);
  group->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
  return group;
}

void OrRankLost(const std::function<void()>& work) {
  try {
    work();
  } catch (const gloo::Exception& error) {
    throw RankLost(error.what());
  } catch (const c10::DistError& error) {
    throw RankLost(error.what_without_backtrace());
  }
}

#else

bool HasGloo() { return false; }

c10::intrusive_ptr<c10d::ProcessGroup> MakeGlooGroup(const c10::intrusive_ptr<c10d::Store>&, int,
                                                     int, const std::string&) {
  TORCH_CHECK(false, "this build has no Gloo");
}

void OrRankLost(const std::function<void()>& work) { work(); }

#endif

}  // namespace tessera
