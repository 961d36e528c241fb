#include "data/npz.h"

#include <cstring>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "config/status.h"
#include "data/archive.h"
#include "ops/crc.h"

namespace tessera {
namespace {

using std::string_literals::operator""s;

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;  // of the first number

// Appends numbers as zip has them: little endian, of 2 or 4 bytes.
struct LittleEndian {
  std::string* bytes;

  LittleEndian& Short(size_t number) { return Put(number, 2); }
  LittleEndian& Long(size_t number) { return Put(number, 4); }
  LittleEndian& Put(size_t number, int count) {
    for (int i = 0; i < count; ++i) {
      bytes->push_back(static_cast<char>(number >> 8 * i & 255));
    }
    return *this;
  }
};

std::string ToNpy(const NpyArray& array) {
  const std::string comma = array.shape.size() == 1 ? "," : "";
  std::string header =
      absl::StrCat("{'descr': '", array.type, "', 'fortran_order': False, 'shape': (",
                   absl::StrJoin(array.shape, ", "), comma, "), }");
  const size_t before = kMagic.size() + 4;  // version 1.0 and the header's length
  header.append(kAlignment - 1 - (before + header.size()) % kAlignment, ' ').push_back('\n');
  std::string npy = std::string(kMagic) + "\x01\x00"s;
  LittleEndian{&npy}.Short(header.size());
  return absl::StrCat(npy, header, array.bytes);
}

// What a file's header and its entry in the list of files have in common.
void PutFacts(const std::string& name, const std::string& content, std::string* bytes) {
  constexpr size_t kVersion = 20, kFirstDay = 0x21;  // of 1980, where zip's calendar begins
  LittleEndian put{bytes};
  put.Short(kVersion).Short(0).Short(/*stored*/ 0).Short(0).Short(kFirstDay);
  put.Long(Crc<kCrc32>(content)).Long(content.size()).Long(content.size());
  put.Short(name.size()).Short(0);
}

}  // namespace

NpyArray NpyOf(const std::vector<double>& numbers, std::vector<int64_t> shape) {
  return {"<f8", std::move(shape),
          std::string(reinterpret_cast<const char*>(numbers.data()), numbers.size() * 8)};
}

absl::StatusOr<std::string> ToNpz(const std::vector<std::pair<std::string, NpyArray>>& arrays) {
  std::string zip, list;
  for (const auto& [array_name, array] : arrays) {
    const std::string name = array_name + ".npy", content = ToNpy(array);
    const size_t begin = zip.size();
    LittleEndian{&zip}.Long(0x04034b50);
    PutFacts(name, content, &zip);
    absl::StrAppend(&zip, name, content);
    LittleEndian{&list}.Long(0x02014b50).Short(20);
    PutFacts(name, content, &list);
    LittleEndian{&list}.Short(0).Short(0).Short(0).Long(0).Long(begin);
    list += name;
    if (zip.size() > std::numeric_limits<uint32_t>::max()) {
      return absl::ResourceExhaustedError("arrays of more than 4 GiB have no room in one .npz");
    }
  }
  const size_t list_begin = zip.size();
  zip += list;
  LittleEndian{&zip}.Long(0x06054b50).Short(0).Short(0).Short(arrays.size()).Short(arrays.size());
  LittleEndian{&zip}.Long(list.size()).Long(list_begin).Short(0);
  return zip;
}

namespace {

// The text behind a key of the header, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".
std::string_view Behind(std::string_view header, std::string_view key) {
  const size_t at = header.find(key);
  return at == header.npos ? "" : header.substr(at + key.size());
}

template <class Float>
std::vector<double> ToDoubles(std::string_view bytes) {
  std::vector<double> values(bytes.size() / sizeof(Float));
  for (size_t i = 0; i < values.size(); ++i) {
    Float value;
    std::memcpy(&value, &bytes[i * sizeof(Float)], sizeof(Float));
    values[i] = value;
  }
  return values;
}

absl::StatusOr<Numbers> ParseNpy(std::string_view npy) {
  const auto bad = [](const char* what) { return absl::InvalidArgumentError(what); };
  const size_t in_length = npy.size() > 10 && npy[6] == 1 ? 2 : 4;  // version 1, or later
  if (!npy.starts_with(kMagic) || npy.size() < 8 + in_length) {
    return bad("is no array of NumPy");
  }
  size_t length = 0;
  std::memcpy(&length, &npy[8], in_length);
  const std::string_view header = npy.substr(8 + in_length, length);
  const std::string_view type = Behind(header, "'descr': ").substr(0, 5);
  if (type != "'<f4'" && type != "'<f8'") {
    return bad("holds no numbers of f32 or f64");
  }
  if (!Behind(header, "'fortran_order': ").starts_with("False")) {
    return bad("has the first axis running fastest; write it through numpy.ascontiguousarray");
  }
  Numbers numbers;
  const size_t width = type == "'<f4'" ? 4 : 8;
  size_t count = 1;
  const std::string_view shape = Behind(header, "'shape': (");
  const std::vector<std::string> axes = absl::StrSplit(
      std::string(shape.substr(0, shape.find(')'))), absl::ByAnyChar(", "), absl::SkipEmpty());
  for (const std::string& axis : axes) {
    int64_t size = 0;
    if (!absl::SimpleAtoi(axis, &size) || size < 0 || __builtin_mul_overflow(count, size, &count)) {
      return bad("has a shape that cannot be read");
    }
    numbers.shape.push_back(size);
  }
  const std::string_view data = npy.substr(std::min(npy.size(), 8 + in_length + length));
  if (data.size() % width != 0 || data.size() / width != count) {
    return bad("has not as many numbers as its shape says");
  }
  numbers.values = width == 4 ? ToDoubles<float>(data) : ToDoubles<double>(data);
  return numbers;
}

}  // namespace

absl::StatusOr<Numbers> ReadNumbers(const std::string& npz, const std::string& array,
                                    const Files& files) {
  BadData bad(OnError::kStop);
  ASSIGN_OR_RETURN(ArchiveContents contents, ListArchive(npz, files, bad));
  const std::unique_ptr<Source> source = MakeArchiveSource(npz, {{npz, "", std::move(contents)}},
                                                           std::make_shared<const Files>(files));
  const auto npy = source->Read(array + ".npy");
  if (!npy.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("'", npz, "' holds no array '", array, "', but ",
                                                   absl::StrJoin(source->Names(), ", ")));
  }
  auto numbers = ParseNpy(*npy);
  return numbers.ok() ? numbers
                      : absl::InvalidArgumentError(absl::StrCat("'", npz, "': the array '", array,
                                                                "' ", numbers.status().message()));
}

}  // namespace tessera
