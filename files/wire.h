// Protocol buffers' wire format (protobuf.dev/programming-guides/encoding), written and read field
// by field, without descriptions of messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// A message as it is built.
class WireWriter {
 public:
  WireWriter& Whole(int field, uint64_t value);
  WireWriter& Double(int field, double value);
  WireWriter& Float(int field, float value);
  WireWriter& Bytes(int field, std::string_view value);  // a string or a message too
  WireWriter& Message(int field, const WireWriter& value) { return Bytes(field, value.bytes_); }
  WireWriter& Doubles(int field, const std::vector<double>& values);  // packed

  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(uint64_t value);
  void Key(int field, int type);

  std::string bytes_;
};

// A field as it was read: its number, or its bytes. A double or float is the bits of its number.
struct WireField {
  int field = 0;
  uint64_t number = 0;
  std::string_view bytes = {};
};

// Returns the fields of a message in their order, views of its bytes; nothing if it is damaged.
std::optional<std::vector<WireField>> ReadWire(std::string_view message);

// Returns the bytes of the first field of the number; empty if there is none.
std::string_view BytesAt(std::string_view message, int field);

}  // namespace tessera
