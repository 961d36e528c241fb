#include "distributed/ranks.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "distributed/own_address.h"
#include "distributed/process_groups.h"

namespace tessera {
namespace {

constexpr std::chrono::minutes kMeetingTime(5);  // for all ranks to be started

c10::intrusive_ptr<c10d::Store> OpenStore(const RankEnvironment& environment) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(environment.port);
  options.isServer = environment.rank == 0 && !environment.store_is_there;
  options.numWorkers = static_cast<size_t>(environment.size);
  options.timeout = kMeetingTime;
  options.multiTenant = true;
  return c10::make_intrusive<c10d::PrefixStore>(
      absl::StrCat("tessera/", environment.attempt),
      c10::make_intrusive<c10d::TCPStore>(environment.host, options));
}

// A copy on the CPU, in the type that every library sends.
Tensor BytesOf(const Tensor& tensor) {
  return tensor.detach().to(torch::kCPU).contiguous().view({-1}).view(torch::kUInt8).clone();
}

Tensor BytesOf(const std::string& text) {
  return at::from_blob(const_cast<char*>(text.data()), {static_cast<int64_t>(text.size())},
                       torch::kUInt8)
      .clone();
}

// The rows of each rank.
std::vector<Tensor> GatherParts(const Ranks& ranks, const Tensor& rows) {
  const Tensor count_W = ranks.GatherAlike(at::scalar_tensor(rows.size(0), torch::kLong));
  std::vector<int64_t> sizes = rows.sizes().vec();
  sizes[0] = count_W.max().item<int64_t>();
  Tensor padded = at::zeros(sizes, rows.options());
  padded.narrow(0, 0, rows.size(0)).copy_(rows);
  const Tensor all = ranks.GatherAlike(padded);
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < ranks.size(); ++i) {
    parts.push_back(all[i].narrow(0, 0, count_W[i].item<int64_t>()));
  }
  return parts;
}

}  // namespace

std::shared_ptr<ProcessGroups> Connect(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank,
                                       int64_t size, const std::string& address) {
  const auto group = [&](const char* name) {
    return MakeGlooGroup(c10::make_intrusive<c10d::PrefixStore>(name, store),
                         static_cast<int>(rank), static_cast<int>(size), address);
  };
  auto groups = std::make_shared<ProcessGroups>();
  groups->store = store;
  groups->group = group("group");
  groups->after = group("after");
  groups->host = HostName();
  return groups;
}

Ranks::Ranks(std::shared_ptr<ProcessGroups> groups) : groups_(std::move(groups)) {}

absl::StatusOr<Ranks> Ranks::Meet(const RankEnvironment& environment) {
  if (environment.size == 1) {
    return Ranks();
  }
  if (!HasGloo()) {
    return absl::FailedPreconditionError(
        "this build has no Gloo, over which several processes train together: install libgloo-dev "
        "and build again");
  }
  try {
    auto groups = Connect(OpenStore(environment), environment.rank, environment.size,
                          OwnAddressTowards(environment.host, environment.port));
    groups->attempt = environment.attempt;
    return Ranks(std::move(groups));
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    return absl::UnavailableError(
        absl::StrCat("rank ", environment.rank, " on ", HostName(), " did not meet the other ",
                     environment.size - 1, " at ", environment.host, ":", environment.port,
                     " (MASTER_ADDR:MASTER_PORT): ", text.substr(0, text.find('\n'))));
  }
}

int64_t Ranks::rank() const { return alone() ? 0 : groups_->group->getRank(); }
int64_t Ranks::size() const { return alone() ? 1 : groups_->group->getSize(); }

bool Ranks::started_again() const { return !alone() && groups_->attempt > 0; }

std::string Ranks::Name() const {
  return alone() ? "" : absl::StrCat("rank ", rank(), " on ", groups_->host);
}

Tensor Ranks::GatherAlike(const Tensor& tensor) const {
  if (alone()) {
    return tensor.unsqueeze(0);
  }
  std::vector<int64_t> sizes = tensor.sizes().vec();
  sizes.insert(sizes.begin(), size());
  if (tensor.numel() == 0) {
    return at::empty(sizes, tensor.options());
  }
  Tensor mine = BytesOf(tensor);
  Tensor all = at::empty({size() * mine.numel()}, mine.options());
  OrRankLost([&] { groups_->group->all_gather_single(all, mine)->wait(); });
  return all.view(tensor.scalar_type()).view(sizes).to(tensor.device());
}

Tensor Ranks::From(int64_t rank, const Tensor& tensor) const {
  if (alone()) {
    return tensor;
  }
  std::vector<Tensor> bytes = {BytesOf(tensor)};
  c10d::BroadcastOptions options;
  options.rootRank = rank;
  OrRankLost([&] { groups_->group->broadcast(bytes, options)->wait(); });
  return bytes[0].view(tensor.scalar_type()).view(tensor.sizes()).to(tensor.device());
}

Tensor Ranks::Gather(const Tensor& rows) const {
  return alone() ? rows : at::cat(GatherParts(*this, rows));
}

std::vector<std::string> Ranks::Gather(const std::string& text) const {
  if (alone()) {
    return {text};
  }
  std::vector<std::string> texts;
  for (const Tensor& bytes : GatherParts(*this, BytesOf(text))) {
    texts.emplace_back(reinterpret_cast<const char*>(bytes.const_data_ptr<uint8_t>()),
                       static_cast<size_t>(bytes.size(0)));
  }
  return texts;
}

absl::Status Ranks::Agree(const absl::Status& mine) const {
  if (alone()) {
    return mine;
  }
  const Tensor code_W =
      GatherAlike(at::scalar_tensor(static_cast<int64_t>(mine.code()), torch::kLong));
  if (!code_W.any().item<bool>()) {
    return absl::OkStatus();
  }
  const std::vector<std::string> messages = Gather(std::string(mine.message()));
  const std::vector<std::string> names = Gather(Name());
  const int64_t first = at::nonzero(code_W)[0][0].item<int64_t>();
  const bool everywhere =
      code_W.all().item<bool>() && std::ranges::count(messages, messages[0]) == size();
  return absl::Status(
      static_cast<absl::StatusCode>(code_W[first].item<int64_t>()),
      everywhere ? messages[first] : absl::StrCat(names[first], ": ", messages[first]));
}

bool Ranks::IsFirst(const std::string& name) const {
  if (alone()) {
    return true;
  }
  try {
    return groups_->store->add(name, 1) == 1;
  } catch (const std::exception&) {  // the store went with the host of rank 0
    return true;
  }
}

void Ranks::WatchOthers(std::function<void(int64_t lost)> on_lost) const {
  if (!alone()) {
    groups_->heartbeat = std::make_unique<Heartbeat>(groups_->store, rank(), size(),
                                                     HeartbeatTiming(), std::move(on_lost));
  }
}

void Ranks::WatchNobody() const {
  if (!alone()) {
    groups_->heartbeat.reset();
  }
}

Ranks::Share Ranks::ShareOf(int64_t count) const {
  const auto begin = [&](int64_t rank) { return (rank * count + size() - 1) / size(); };
  return {begin(rank()), begin(rank() + 1)};
}

}  // namespace tessera
