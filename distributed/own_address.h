// What this host is called, and the address by which others can reach it.
#pragma once

#include <cstdint>
#include <string>

namespace tessera {

std::string HostName();

// The address that this host has towards another: on a machine with several networks the one over
// which the ranks meet. Empty if the other host has no address, or there is no way to it.
std::string OwnAddressTowards(const std::string& host, int64_t port);

}  // namespace tessera
