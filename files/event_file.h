// TensorBoard's event files: records of TensorFlow's framing (a length and two masked CRC-32C)
// around the messages Event and Summary of tensorboard/compat/proto.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "files/wire.h"

namespace tessera {

// A Summary.Value, one thing under a tag.
WireWriter ScalarValue(const std::string& tag, double value);
WireWriter PngValue(const std::string& tag, std::string_view png);
WireWriter TextValue(const std::string& tag, const std::string& markdown);
// Bin i reaches up to ends[i] and has the height heights[i].
WireWriter HistogramValue(const std::string& tag, const std::vector<double>& ends,
                          const std::vector<double>& heights);
// What a plugin alone reads.
WireWriter PluginValue(const std::string& tag, const std::string& plugin,
                       const WireWriter& content);

// A record; time is in seconds since 1970. A file begins with the record of its version.
std::string EventRecord(double time, int64_t step, const std::vector<WireWriter>& values);
std::string VersionRecord(double time);

struct StoredEvent {
  int64_t step = 0;
  std::vector<std::string> tags;
  std::string_view record;  // with its frame
};

// Returns the events of a file up to its end or to the first that is cut off or damaged.
std::vector<StoredEvent> ReadEvents(std::string_view file);

}  // namespace tessera
