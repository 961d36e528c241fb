#include "run/safetensors.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstring>
#include <map>

namespace tessera {
namespace {

std::string File(const std::string& header, int64_t num_data) {
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), 8);
  return bytes + header + std::string(num_data, '\0');
}

std::string ErrorOf(const std::string& bytes) {
  const auto tensors = ParseSafetensors(bytes, "m.safetensors");
  EXPECT_FALSE(tensors.ok());
  return std::string(tensors.status().message());
}

void ExpectError(const std::string& bytes, const char* part) {
  EXPECT_PRED_FORMAT2(testing::IsSubstring, part, ErrorOf(bytes));
}

NamedTensors Some() {
  const Tensor x = torch::arange(-6, 6).view({3, 4});
  return {{"bytes", x.to(torch::kUInt8)},        {"half", x.to(torch::kFloat16)},
          {"b", x.to(torch::kBFloat16)},         {"turned", x.to(torch::kFloat32).t()},
          {"scalar", torch::tensor(3.5)},        {"none", torch::empty({0, 4})},
          {"long", x.to(torch::kInt64)},         {"double", x.to(torch::kFloat64) / 3},
          {"odd \"name\" é", x.to(torch::kBool)}};
}

TEST(Safetensors, RoundTripEveryTensorExactly) {
  const NamedTensors written = Some();
  const auto read = ParseSafetensors(WriteSafetensors(written), "m");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), written.size());
  const std::map<std::string, Tensor> by_name(read->begin(), read->end());
  for (const auto& [name, tensor] : written) {
    const Tensor& back = by_name.at(name);
    EXPECT_EQ(back.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(back.sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(torch::equal(back, tensor)) << name;
  }
}

TEST(Safetensors, AlignTheDataAndPutWiderNumbersFirst) {
  const std::string bytes = WriteSafetensors(Some());
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  int64_t width = 8;
  const auto read = ParseSafetensors(bytes, "m");
  for (const auto& [name, tensor] : *read) {
    EXPECT_LE(tensor.element_size(), width) << name;
    width = tensor.element_size();
  }
}

TEST(Safetensors, HoldNoTensorsToo) {
  const auto read = ParseSafetensors(WriteSafetensors({}), "m");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->empty());
}

TEST(Safetensors, PassOverMetadata) {
  EXPECT_TRUE(ParseSafetensors(File(R"({"__metadata__":{"a":"b"}})", 0), "m").ok());
  const std::string bytes = WriteSafetensors({{"a", torch::ones({2})}}, {{"format", "pt"}});
  EXPECT_NE(bytes.find(R"("__metadata__":{"format":"pt"})"), std::string::npos);
  EXPECT_TRUE(torch::equal(ParseSafetensors(bytes, "m")->front().second, torch::ones({2})));
}

TEST(Safetensors, AreViewsOfBytesThatAnOwnerKeepsUnlessTheyAreNotAligned) {
  for (const bool aligned : {true, false}) {
    auto owner = std::make_shared<std::string>(aligned ? "" : "-");
    owner->append(WriteSafetensors({{"a", torch::ones({2})}}));
    const std::string_view bytes = std::string_view(*owner).substr(aligned ? 0 : 1);
    const std::weak_ptr<std::string> kept = owner;
    NamedTensors tensors = *ParseSafetensors(bytes, "m", std::move(owner));
    EXPECT_EQ(!kept.expired(), aligned);
    EXPECT_TRUE(torch::equal(tensors.front().second, torch::ones({2})));
    tensors.clear();
    EXPECT_TRUE(kept.expired());
  }
}

TEST(ParseSafetensors, RefusesEveryTruncation) {
  const std::string bytes = WriteSafetensors({{"a", torch::ones({2, 2})}});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseSafetensors(bytes.substr(0, size), "m").ok()) << size;
  }
  ExpectError(bytes.substr(0, 5), "m.safetensors is no sound safetensors file: it ends after 5");
  ExpectError(bytes.substr(0, bytes.size() - 1), "was it cut short?");
  ExpectError(bytes + "x", "17 bytes of data where its header tells of 16");
}

TEST(ParseSafetensors, RefusesABadHeader) {
  ExpectError(File("{\"a\":", 0), "header: ");
  ExpectError(File("[]", 0), "no JSON object");
  ExpectError(std::string(8, '\xff'), "its header claims 18446744073709551615 bytes");
  ExpectError(File(R"({"a":{"dtype":"F4","shape":[1],"data_offsets":[0,4]}})", 4), "dtype F4");
  ExpectError(File(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", 4), "no dtype");
  ExpectError(File(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4), "no shape");
  ExpectError(File(R"({"a":{"dtype":"F32","shape":[1]}})", 4), "data_offsets");
}

TEST(ParseSafetensors, RefusesPlacesThatContradictShapesOrEachOther) {
  ExpectError(File(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4), "contradict");
  ExpectError(File(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", 4), "contradict");
  ExpectError(File(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],)"
                   R"("data_offsets":[0,0]}})",
                   0),
              "contradict");
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const std::string overlap = R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]})";
  const std::string hole = R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]})";
  ExpectError(File("{" + a + "," + overlap + "}", 6), "b begins at byte 2 of the data, not 4");
  ExpectError(File("{" + a + "," + a + "}", 4), "a is there twice");
  ExpectError(File("{" + a + "," + hole + "}", 12), "b begins at byte 8 of the data, not 4");
}

TEST(CopyByName, NamesTheFirstTensorThatDoesNotFit) {
  const Tensor target = torch::zeros({2});
  const NamedTensors to = {{"a", target}};
  const auto error = [&](const NamedTensors& from) {
    return std::string(CopyByName(from, "m", to).message());
  };
  EXPECT_EQ(error({}), "m: has no tensor a");
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "a has shape [3] where [2] is needed",
                      error({{"a", torch::ones({3})}}));
  EXPECT_PRED_FORMAT2(testing::IsSubstring, "b has no place here",
                      error({{"a", torch::ones({2})}, {"b", torch::ones({2})}}));
  EXPECT_TRUE(torch::equal(target, torch::zeros({2}))) << "an error copies nothing";
  EXPECT_TRUE(CopyByName({{"a", torch::ones({2})}}, "m", to).ok());
  EXPECT_TRUE(torch::equal(target, torch::ones({2})));
}

}  // namespace
}  // namespace tessera
