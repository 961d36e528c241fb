#include "run/safetensors.h"

#include <ATen/Functions.h>
#include <torch/types.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "files/json.h"

namespace tessera {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes are copied as they are");

constexpr int64_t kLengthBytes = 8;
constexpr int64_t kMaxHeader = 100'000'000;  // as in the reference implementation

struct DtypeName {
  const char* name;
  torch::Dtype dtype;
};
constexpr DtypeName kDtypes[] = {
    {"F64", torch::kFloat64},   {"F32", torch::kFloat32}, {"F16", torch::kFloat16},
    {"BF16", torch::kBFloat16}, {"I64", torch::kInt64},   {"I32", torch::kInt32},
    {"I16", torch::kInt16},     {"I8", torch::kInt8},     {"U8", torch::kUInt8},
    {"BOOL", torch::kBool},
};

std::string NameOf(torch::Dtype dtype) {
  const auto* found = std::ranges::find(kDtypes, dtype, &DtypeName::dtype);
  TORCH_CHECK(found != std::end(kDtypes), "safetensors cannot hold ", dtype);
  return found->name;
}

// One entry of the header.
struct Entry {
  std::string name;
  torch::Dtype dtype;
  std::vector<int64_t> shape;
  int64_t begin, end;  // bytes after the header
};

JsonArray IntegerArray(torch::IntArrayRef values) {
  JsonArray array;
  for (const int64_t value : values) {
    array.emplace_back(value);
  }
  return array;
}

// Integers >= 0, or nothing.
std::optional<std::vector<int64_t>> Sizes(const Json* json) {
  const JsonArray* array = json ? json->AsArray() : nullptr;
  if (!array) {
    return std::nullopt;
  }
  std::vector<int64_t> sizes;
  for (const Json& item : *array) {
    const auto* size = std::get_if<int64_t>(&item.value);
    if (!size || *size < 0) {
      return std::nullopt;
    }
    sizes.push_back(*size);
  }
  return sizes;
}

// Bytes of a tensor of that shape; nothing if the number is too large to be true.
std::optional<int64_t> NumBytes(const std::vector<int64_t>& shape, torch::Dtype dtype) {
  int64_t bytes = static_cast<int64_t>(torch::elementSize(dtype));
  for (const int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) {
      return std::nullopt;
    }
  }
  return bytes;
}

class Parser {
 public:
  Parser(std::string_view bytes, const std::string& name, std::shared_ptr<const void> owner)
      : bytes_(bytes), name_(name), owner_(std::move(owner)) {}

  absl::StatusOr<NamedTensors> Parse() {
    ASSIGN_OR_RETURN(const JsonObject header, ParseHeader());
    std::vector<Entry> entries;
    std::set<std::string> names;
    for (const auto& [name, json] : header) {
      if (!names.insert(name).second) {
        return Invalid(absl::StrCat(name, " is there twice"));
      }
      if (name != "__metadata__") {
        ASSIGN_OR_RETURN(Entry entry, ParseEntry(name, json));
        entries.push_back(std::move(entry));
      }
    }
    std::ranges::sort(entries, {}, [](const Entry& e) { return std::pair(e.begin, e.end); });
    RETURN_IF_ERROR(CheckPlaces(entries));
    NamedTensors tensors;
    for (const Entry& entry : entries) {
      tensors.emplace_back(entry.name, TensorOf(entry));
    }
    return tensors;
  }

 private:
  absl::Status Invalid(const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat(name_, " is no sound safetensors file: ", what));
  }

  absl::StatusOr<JsonObject> ParseHeader() {
    const int64_t size = std::ssize(bytes_);
    uint64_t length = 0;
    if (size < kLengthBytes) {
      return Invalid(absl::StrCat("it ends after ", size, " bytes"));
    }
    std::memcpy(&length, bytes_.data(), kLengthBytes);
    if (length > kMaxHeader) {
      return Invalid(absl::StrCat("its header claims ", length, " bytes"));
    }
    data_begin_ = kLengthBytes + static_cast<int64_t>(length);
    if (data_begin_ > size) {
      return Invalid(absl::StrCat("it ends after ", size, " bytes, inside its header of ", length));
    }
    absl::StatusOr<Json> header = ParseJson(bytes_.substr(kLengthBytes, length));
    if (!header.ok()) {
      return Invalid(absl::StrCat("header: ", header.status().message()));
    }
    if (!header->AsObject()) {
      return Invalid("its header is no JSON object");
    }
    return *header->AsObject();
  }

  absl::StatusOr<Entry> ParseEntry(const std::string& name, const Json& json) const {
    const Json* dtype = json.Find("dtype");
    const std::string* dtype_name = dtype ? dtype->AsString() : nullptr;
    const auto* known = std::ranges::find_if(
        kDtypes, [&](const DtypeName& d) { return dtype_name && *dtype_name == d.name; });
    if (known == std::end(kDtypes)) {
      return Invalid(absl::StrCat(name, " has ",
                                  dtype_name ? "the dtype " + *dtype_name : "no dtype",
                                  ", which is not read here"));
    }
    const auto shape = Sizes(json.Find("shape"));
    const auto place = Sizes(json.Find("data_offsets"));
    if (!shape || !place || place->size() != 2) {
      return Invalid(absl::StrCat(name, " has no shape or no two data_offsets"));
    }
    const std::optional<int64_t> num_bytes = NumBytes(*shape, known->dtype);
    if (!num_bytes || (*place)[0] > (*place)[1] || *num_bytes != (*place)[1] - (*place)[0]) {
      return Invalid(absl::StrCat(name, " has shape and data_offsets that contradict each other"));
    }
    return Entry{name, known->dtype, *shape, (*place)[0], (*place)[1]};
  }

  // Places must tile the data: no overlap, no hole, nothing left.
  absl::Status CheckPlaces(const std::vector<Entry>& entries) const {
    int64_t end = 0;
    for (const Entry& entry : entries) {
      if (entry.begin != end) {
        return Invalid(absl::StrCat(entry.name, " begins at byte ", entry.begin,
                                    " of the data, not ", end, " where the tensor before it ends"));
      }
      end = entry.end;
    }
    if (const int64_t have = std::ssize(bytes_) - data_begin_; have != end) {
      return Invalid(absl::StrCat("it has ", have, " bytes of data where its header tells of ", end,
                                  have < end ? "; was it cut short?" : ""));
    }
    return absl::OkStatus();
  }

  Tensor TensorOf(const Entry& entry) const {
    const char* const data = bytes_.data() + data_begin_ + entry.begin;
    const bool aligned = reinterpret_cast<uintptr_t>(data) % torch::elementSize(entry.dtype) == 0;
    if (owner_ != nullptr && aligned && entry.begin < entry.end) {
      return at::from_blob(
          const_cast<char*>(data), entry.shape, [owner = owner_](void*) {},
          torch::TensorOptions(entry.dtype));
    }
    Tensor tensor = torch::empty(entry.shape, entry.dtype);
    std::memcpy(tensor.data_ptr(), data, entry.end - entry.begin);
    return tensor;
  }

  std::string_view bytes_;
  std::string name_;
  std::shared_ptr<const void> owner_;
  int64_t data_begin_ = 0;
};

}  // namespace

std::string WriteSafetensors(const NamedTensors& tensors,
                             const std::map<std::string, std::string>& metadata) {
  // Wider numbers first, so that each tensor is aligned when the file is mapped.
  NamedTensors sorted;
  for (const auto& [name, tensor] : tensors) {
    sorted.emplace_back(name, tensor.detach().cpu().contiguous());
  }
  std::ranges::stable_sort(sorted, std::greater(),
                           [](const auto& named) { return named.second.element_size(); });
  JsonObject header;
  if (!metadata.empty()) {
    JsonObject facts;
    for (const auto& [key, value] : metadata) {
      facts.emplace_back(key, Json{value});
    }
    header.emplace_back("__metadata__", Json{std::move(facts)});
  }
  int64_t end = 0;
  for (const auto& [name, tensor] : sorted) {
    const int64_t begin = end;
    end += static_cast<int64_t>(tensor.nbytes());
    JsonObject entry;
    entry.emplace_back("dtype", Json{NameOf(tensor.scalar_type())});
    entry.emplace_back("shape", Json{IntegerArray(tensor.sizes())});
    entry.emplace_back("data_offsets", Json{IntegerArray({begin, end})});
    header.emplace_back(name, Json{std::move(entry)});
  }
  std::string text = DumpJson(Json{std::move(header)});
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');

  const uint64_t length = text.size();
  std::string bytes;
  bytes.reserve(kLengthBytes + length + end);
  bytes.append(reinterpret_cast<const char*>(&length), kLengthBytes);
  bytes += text;
  for (const auto& [name, tensor] : sorted) {
    bytes.append(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
  }
  return bytes;
}

absl::StatusOr<NamedTensors> ParseSafetensors(std::string_view bytes, const std::string& name,
                                              std::shared_ptr<const void> owner) {
  return Parser(bytes, name, std::move(owner)).Parse();
}

}  // namespace tessera
