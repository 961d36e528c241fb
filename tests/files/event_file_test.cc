#include "files/event_file.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(Wire, ReadsWhatItWrote) {
  const WireWriter inner = WireWriter().Bytes(1, "loss").Float(2, 1.5F);
  const WireWriter outer = WireWriter().Whole(3, 300).Message(16, inner).Double(1, -2);
  EXPECT_EQ(outer.bytes().substr(0, 3), "\x18\xAC\x02");  // the encoding guide's 300
  const auto fields = ReadWire(outer.bytes());
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 3);
  EXPECT_EQ(fields->at(0).number, 300);
  EXPECT_EQ(fields->at(1).field, 16);
  EXPECT_EQ(BytesAt(fields->at(1).bytes, 1), "loss");
  EXPECT_EQ(fields->at(2).number, 0xC000000000000000U);
}

TEST(Wire, FindsEveryCutOfAMessage) {
  const std::string message = WireWriter().Whole(1, 300).Bytes(2, "text").Float(3, 1).bytes();
  for (size_t size = 0; size < message.size(); ++size) {
    const auto fields = ReadWire(message.substr(0, size));
    const bool between = size == 0 || size == 3 || size == 9;
    EXPECT_EQ(fields.has_value(), between) << size;
  }
}

TEST(EventFile, ReadsUpToTheFirstRecordThatIsCutOrDamaged) {
  const std::string first = VersionRecord(1), second = EventRecord(2, 20, {ScalarValue("a", 1)}),
                    third = EventRecord(3, 40, {ScalarValue("a", 1), PngValue("b", "")});
  const std::string file = first + second + third;
  const auto events = ReadEvents(file);
  ASSERT_EQ(events.size(), 3);
  EXPECT_EQ(events[1].step, 20);
  EXPECT_EQ(events[1].record, second);
  EXPECT_EQ(events[2].step, 40);
  EXPECT_EQ(events[2].tags, (std::vector<std::string>{"a", "b"}));
  for (size_t size = first.size() + second.size(); size < file.size(); ++size) {
    EXPECT_EQ(ReadEvents(file.substr(0, size)).size(), 2) << size;
  }
  for (size_t i = first.size(); i < first.size() + second.size(); ++i) {
    std::string damaged = file;
    damaged[i] ^= 0x10;
    EXPECT_EQ(ReadEvents(damaged).size(), 1) << i;
  }
}

}  // namespace
}  // namespace tessera
