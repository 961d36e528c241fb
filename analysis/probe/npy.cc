#include "analysis/probe/npy.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tessera {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes are copied as they are");

constexpr char kMagic[] = "\x93NUMPY\x01";  // and a zero: version 1.0
constexpr size_t kAlign = 64, kBeforeHeader = 10;

struct DtypeName {
  torch::Dtype dtype;
  const char* name;
};
constexpr DtypeName kDtypes[] = {{torch::kFloat64, "<f8"}, {torch::kFloat32, "<f4"},
                                 {torch::kInt64, "<i8"},   {torch::kInt32, "<i4"},
                                 {torch::kUInt8, "|u1"},   {torch::kBool, "|b1"}};

}  // namespace

std::string WriteNpy(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().to(torch::kCPU).contiguous();
  const auto* found = std::ranges::find(kDtypes, plain.scalar_type(), &DtypeName::dtype);
  TORCH_CHECK(found != std::end(kDtypes), ".npy cannot hold ", plain.scalar_type());
  // A tuple of one needs its comma.
  const std::string shape =
      absl::StrCat(absl::StrJoin(plain.sizes(), ", "), plain.dim() == 1 ? "," : "");
  std::string header = absl::StrCat("{'descr': '", found->name,
                                    "', 'fortran_order': False, 'shape': (", shape, "), }");
  const size_t unpadded = kBeforeHeader + header.size() + 1;
  header.append((kAlign - unpadded % kAlign) % kAlign, ' ');
  header += '\n';
  std::string bytes(kMagic, sizeof(kMagic));
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  return bytes;
}

}  // namespace tessera
