#include "data/npz.h"

#include <gtest/gtest.h>

#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

TEST(Npz, OfDoublesComesBack) {
  const TempFolder folder;
  const auto npz = ToNpz({{"mu", NpyOf({1, -.5}, {2})}, {"sigma", NpyOf({1, 2, 3, 4}, {2, 2})}});
  ASSERT_TRUE(npz.ok());
  folder.Write("a.npz", *npz);
  const auto mu = ReadNumbers(folder / "a.npz", "mu", Files());
  ASSERT_TRUE(mu.ok()) << mu.status();
  EXPECT_EQ(mu->shape, std::vector<int64_t>{2});
  EXPECT_EQ(mu->values, (std::vector<double>{1, -.5}));
  const auto sigma = ReadNumbers(folder / "a.npz", "sigma", Files());
  ASSERT_TRUE(sigma.ok()) << sigma.status();
  EXPECT_EQ(sigma->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(sigma->values, (std::vector<double>{1, 2, 3, 4}));
}

TEST(Npz, BeginsItsNumbersAtAMultipleOf64BytesOfTheArray) {
  const std::string npz = ToNpz({{"arr_0", {"|u1", {1, 2, 2, 3}, std::string(12, 'x')}}}).value();
  const size_t begin = npz.find("\x93NUMPY");
  EXPECT_EQ((npz.find(std::string(12, 'x')) - begin) % 64, 0);
  EXPECT_NE(npz.find("'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 2, 3), }"),
            std::string::npos);
}

TEST(Npz, IsRefusedInASentenceIfItCannotBeRead) {
  const TempFolder folder;
  const auto message = [&](const std::string& bytes) {
    folder.Write("a.npz", bytes);
    return std::string(ReadNumbers(folder / "a.npz", "mu", Files()).status().message());
  };
  const auto array = [](NpyArray array) { return ToNpz({{"mu", std::move(array)}}).value(); };
  const auto expect = [&](const std::string& part, const std::string& bytes) {
    EXPECT_PRED_FORMAT2(testing::IsSubstring, part, message(bytes));
  };
  expect("cannot read the archive", "no zip");
  expect("holds no array 'mu', but sigma.npy", ToNpz({{"sigma", NpyOf({1}, {1})}}).value());
  expect("the array 'mu' holds no numbers of f32 or f64", array({"|u1", {1}, "x"}));
  expect("has not as many numbers as its shape says", array({"<f8", {2}, std::string(8, 'x')}));
  expect("has not as many numbers as its shape says", array({"<f4", {2}, std::string(9, 'x')}));
  expect("has a shape that cannot be read",
         array({"<f8", {int64_t{1} << 40, int64_t{1} << 40}, ""}));
}

}  // namespace
}  // namespace tessera
