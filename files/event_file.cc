#include "files/event_file.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "ops/crc.h"

namespace tessera {
namespace {

// Fields of the messages.
constexpr int kEventTime = 1, kEventStep = 2, kEventVersion = 3, kEventSummary = 5;
constexpr int kSummaryValue = 1;
constexpr int kValueTag = 1, kValueScalar = 2, kValueImage = 4, kValueHistogram = 5,
              kValueTensor = 8, kValueMetadata = 9;

constexpr size_t kLength = 8, kChecksum = 4;  // bytes

std::string LittleEndian(uint64_t number, size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<char>(number >> 8 * i & 255));
  }
  return bytes;
}

uint64_t NumberIn(std::string_view bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    number |= uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  }
  return number;
}

std::string Masked(std::string_view bytes) {
  const uint32_t crc = Crc<kCrc32c>(bytes);
  return LittleEndian(((crc >> 15 | crc << 17) + 0xa282ead8U) & 0xffffffffU, kChecksum);
}

std::string Framed(std::string_view event) {
  const std::string length = LittleEndian(event.size(), kLength);
  return length + Masked(length) + std::string(event) + Masked(event);
}

WireWriter Tagged(const std::string& tag) { return WireWriter().Bytes(kValueTag, tag); }

WireWriter Metadata(const std::string& plugin, std::string_view content) {
  return WireWriter().Message(1, WireWriter().Bytes(1, plugin).Bytes(2, content));
}

// Takes a record from the front of the file; returns its event, or nothing if it is not whole.
std::optional<std::string_view> TakeEvent(std::string_view* file, std::string_view* record) {
  constexpr size_t kHead = kLength + kChecksum;
  if (file->size() < kHead + kChecksum ||
      file->substr(kLength, kChecksum) != Masked(file->substr(0, kLength))) {
    return std::nullopt;
  }
  const uint64_t size = NumberIn(file->substr(0, kLength));
  if (size > file->size() - kHead - kChecksum) {
    return std::nullopt;
  }
  const std::string_view event = file->substr(kHead, size);
  if (file->substr(kHead + size, kChecksum) != Masked(event)) {
    return std::nullopt;
  }
  *record = file->substr(0, kHead + size + kChecksum);
  file->remove_prefix(record->size());
  return event;
}

}  // namespace

WireWriter ScalarValue(const std::string& tag, double value) {
  return Tagged(tag).Float(kValueScalar, static_cast<float>(value));
}

WireWriter PngValue(const std::string& tag, std::string_view png) {
  const auto size_at = [&](size_t at) {  // big endian, in the header
    std::string bytes(png.substr(std::min(at, png.size()), 4));
    std::ranges::reverse(bytes);
    return NumberIn(bytes);
  };
  constexpr uint64_t kRgb = 3;
  return Tagged(tag).Message(
      kValueImage,
      WireWriter().Whole(1, size_at(20)).Whole(2, size_at(16)).Whole(3, kRgb).Bytes(4, png));
}

WireWriter TextValue(const std::string& tag, const std::string& markdown) {
  constexpr uint64_t kStrings = 7;  // DT_STRING
  const WireWriter shape = WireWriter().Message(2, WireWriter().Whole(1, 1));
  return Tagged(tag)
      .Message(kValueTensor, WireWriter().Whole(1, kStrings).Message(2, shape).Bytes(8, markdown))
      .Message(kValueMetadata, Metadata("text", ""));
}

WireWriter HistogramValue(const std::string& tag, const std::vector<double>& ends,
                          const std::vector<double>& heights) {
  const double sum = std::accumulate(heights.begin(), heights.end(), 0.);
  const WireWriter histogram = WireWriter()
                                   .Double(1, 0)
                                   .Double(2, ends.empty() ? 0 : ends.back())
                                   .Double(3, sum)
                                   .Doubles(6, ends)
                                   .Doubles(7, heights);
  return Tagged(tag).Message(kValueHistogram, histogram);
}

WireWriter PluginValue(const std::string& tag, const std::string& plugin,
                       const WireWriter& content) {
  return Tagged(tag).Message(kValueMetadata, Metadata(plugin, content.bytes()));
}

std::string EventRecord(double time, int64_t step, const std::vector<WireWriter>& values) {
  WireWriter summary;
  for (const WireWriter& value : values) {
    summary.Message(kSummaryValue, value);
  }
  return Framed(WireWriter()
                    .Double(kEventTime, time)
                    .Whole(kEventStep, static_cast<uint64_t>(step))
                    .Message(kEventSummary, summary)
                    .bytes());
}

std::string VersionRecord(double time) {
  return Framed(
      WireWriter().Double(kEventTime, time).Bytes(kEventVersion, "brain.Event:2").bytes());
}

std::vector<StoredEvent> ReadEvents(std::string_view file) {
  std::vector<StoredEvent> events;
  StoredEvent stored;
  while (const auto event = TakeEvent(&file, &stored.record)) {
    const auto fields = ReadWire(*event);
    if (!fields) {
      break;
    }
    stored.step = 0;
    stored.tags.clear();
    for (const WireField& field : *fields) {
      if (field.field == kEventStep) {
        stored.step = static_cast<int64_t>(field.number);
      } else if (field.field == kEventSummary) {
        for (const WireField& value : ReadWire(field.bytes).value_or(std::vector<WireField>())) {
          stored.tags.emplace_back(BytesAt(value.bytes, kValueTag));
        }
      }
    }
    events.push_back(stored);
  }
  return events;
}

}  // namespace tessera
