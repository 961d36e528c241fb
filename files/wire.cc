#include "files/wire.h"

#include <bit>

namespace tessera {
namespace {

constexpr int kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5;

void AppendLittleEndian(uint64_t number, int count, std::string* bytes) {
  for (int i = 0; i < count; ++i) {
    bytes->push_back(static_cast<char>(number >> 8 * i & 255));
  }
}

// Takes values from the front of a message. After damage all of them are missing.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  bool empty() const { return rest_.empty(); }

  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 127U} << shift;
      if (byte < 128) {
        return value;
      }
    }
    return std::nullopt;
  }

  std::optional<std::string_view> Take(uint64_t count) {
    if (count > rest_.size()) {
      return std::nullopt;
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view rest_;
};

// Reads what stands behind a key of the type into *field. Returns whether it is there.
bool ReadValue(Reader& reader, int type, WireField* field) {
  if (type == kVarint) {
    const auto number = reader.Varint();
    field->number = number.value_or(0);
    return number.has_value();
  }
  const auto length = type == kEightBytes  ? std::optional<uint64_t>(8)
                      : type == kFourBytes ? std::optional<uint64_t>(4)
                      : type == kBytes     ? reader.Varint()
                                           : std::nullopt;
  const auto bytes = length ? reader.Take(*length) : std::nullopt;
  if (!bytes) {
    return false;
  }
  field->bytes = *bytes;
  for (size_t i = 0; type != kBytes && i < bytes->size(); ++i) {
    field->number |= uint64_t{static_cast<unsigned char>((*bytes)[i])} << 8 * i;
  }
  return true;
}

}  // namespace

void WireWriter::Varint(uint64_t value) {
  for (; value >= 128; value >>= 7) {
    bytes_.push_back(static_cast<char>(value | 128));
  }
  bytes_.push_back(static_cast<char>(value));
}

void WireWriter::Key(int field, int type) {
  Varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(type));
}

WireWriter& WireWriter::Whole(int field, uint64_t value) {
  Key(field, kVarint);
  Varint(value);
  return *this;
}

WireWriter& WireWriter::Double(int field, double value) {
  Key(field, kEightBytes);
  AppendLittleEndian(std::bit_cast<uint64_t>(value), 8, &bytes_);
  return *this;
}

WireWriter& WireWriter::Float(int field, float value) {
  Key(field, kFourBytes);
  AppendLittleEndian(std::bit_cast<uint32_t>(value), 4, &bytes_);
  return *this;
}

WireWriter& WireWriter::Bytes(int field, std::string_view value) {
  Key(field, kBytes);
  Varint(value.size());
  bytes_.append(value);
  return *this;
}

WireWriter& WireWriter::Doubles(int field, const std::vector<double>& values) {
  std::string packed;
  for (const double value : values) {
    AppendLittleEndian(std::bit_cast<uint64_t>(value), 8, &packed);
  }
  return Bytes(field, packed);
}

std::optional<std::vector<WireField>> ReadWire(std::string_view message) {
  std::vector<WireField> fields;
  for (Reader reader(message); !reader.empty();) {
    const auto key = reader.Varint();
    WireField field{.field = static_cast<int>(key.value_or(0) >> 3)};
    if (!key || !ReadValue(reader, static_cast<int>(*key & 7), &field)) {
      return std::nullopt;
    }
    fields.push_back(field);
  }
  return fields;
}

std::string_view BytesAt(std::string_view message, int field) {
  for (const WireField& found : ReadWire(message).value_or(std::vector<WireField>())) {
    if (found.field == field) {
      return found.bytes;
    }
  }
  return {};
}

}  // namespace tessera
