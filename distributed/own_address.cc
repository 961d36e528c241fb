#include "distributed/own_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace tessera {
namespace {

// The numeric address that a socket gets when it is bound for another; nothing is sent.
std::string BoundAddress(const addrinfo& to) {
  const int socket = ::socket(to.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_storage own{};
  socklen_t size = sizeof(own);
  std::array<char, NI_MAXHOST> text{};
  const bool found = socket >= 0 && connect(socket, to.ai_addr, to.ai_addrlen) == 0 &&
                     getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
                     getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text.data(), text.size(),
                                 nullptr, 0, NI_NUMERICHOST) == 0;
  if (socket >= 0) {
    close(socket);
  }
  return found ? text.data() : "";
}

}  // namespace

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "a host without a name";
}

std::string OwnAddressTowards(const std::string& host, int64_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) {
    return "";
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(list, freeaddrinfo);
  std::string address;
  for (const addrinfo* to = list; to != nullptr && address.empty(); to = to->ai_next) {
    address = BoundAddress(*to);
  }
  return address;
}

}  // namespace tessera
