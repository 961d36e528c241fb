#include "data/source.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "data/archive.h"
#include "data/archive_contents.h"
#include "tests/data/tar_bytes.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

using Names = std::vector<std::string>;

std::unique_ptr<Source> Open(const std::string& path) {
  BadData bad(OnError::kStop);
  auto source = OpenSource(path, std::make_shared<Files>(), bad);
  EXPECT_TRUE(source.ok()) << source.status();
  return source.ok() ? *std::move(source) : nullptr;
}

const TempFolder& Folder() {
  static const TempFolder folder;
  return folder;
}

const std::string kTar = Folder() / "a.tar";

// An archive of these bytes, which lie in kTar.
absl::StatusOr<std::unique_ptr<Source>> OpenArchive(const std::string& bytes, BadData& bad,
                                                    int64_t most_held = kMostHeld) {
  Folder().Write("a.tar", bytes);
  const auto files = std::make_shared<const Files>();
  auto contents = ListArchive(kTar, *files, bad, most_held);
  if (!contents.ok()) {
    return contents.status();
  }
  return MakeArchiveSource("a.tar", {{kTar, "", *std::move(contents)}}, files);
}

TEST(Source, FolderTarAndZipAreReadTheSameWay) {
  const TempFolder folder;
  folder.Write("set/hello.txt", "hello");
  folder.Write("set/deep/naïve.txt", "ü");
  folder.Write("two.tar.gz", TestFile("two.tar.gz"));
  folder.Write("two.zip", TestFile("two.zip"));
  folder.Write("two.tar", TarBytes({{"./hello.txt", "hello"}, {"deep/naïve.txt", "ü"}}));
  for (const char* name : {"set", "two.tar.gz", "two.zip", "two.tar"}) {
    const auto source = Open(folder / name);
    ASSERT_NE(source, nullptr);
    EXPECT_EQ(source->Names(), (Names{"deep/naïve.txt", "hello.txt"})) << name;
    EXPECT_EQ(source->Read("deep/naïve.txt").value(), "ü");
    EXPECT_EQ(source->Read("./hello.txt").value(), "hello");
    EXPECT_TRUE(absl::IsNotFound(source->Read("bye.txt").status()));
    EXPECT_FALSE(source->Read("../hello.txt").ok());
  }
}

TEST(Source, AMissingRelativePathIsToldWithTheFolderThatItCountsFrom) {
  BadData bad(OnError::kStop);
  const absl::Status status = OpenSource("no/such.tar", std::make_shared<Files>(), bad).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  const std::string here = std::filesystem::current_path().string();
  EXPECT_NE(status.message().find("working folder, '" + here + "'"), absl::string_view::npos)
      << status;
}

TEST(Source, AMissingPathIsToldWithTheOneThatMayHaveBeenMeant) {
  const TempFolder folder;
  folder.Write("sprites.tar", "");
  BadData bad(OnError::kStop);
  const absl::Status status =
      OpenSource(folder / "sprite.tar", std::make_shared<Files>(), bad).status();
  EXPECT_TRUE(
      std::string(status.message()).ends_with("did you mean '" + folder / "sprites.tar" + "'?"))
      << status;
}

TEST(Archive, HoldsNoFileWhoseNameLeavesTheFolder) {
  for (const std::string name : {"/etc/passwd", "../x", "a/../../x"}) {
    const std::string tar = TarBytes({{"a", "1"}, {name, "x"}, {"b", "2"}});
    const std::string problem = "the archive '" + kTar + "': '" + name +
                                "' leads out of the folder; names must be relative to it";
    BadData stop(OnError::kStop), skip(OnError::kSkip);
    EXPECT_EQ(OpenArchive(tar, stop).status().message(),
              problem + "; or set data.on_error = \"skip\"");
    const auto source = OpenArchive(tar, skip);
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_EQ((*source)->Names(), (Names{"a", "b"}));
    EXPECT_EQ(skip.problems(), Names{problem});
  }
}

TEST(Archive, GivesLinksTheBytesThatTheyLeadTo) {
  BadData bad(OnError::kStop);
  const auto source = OpenArchive(TarBytes({{"a.png", "A"},
                                            {"x/b.png", "B"},
                                            {"hard.png", "", '1', "a.png"},
                                            {"x/soft.png", "", '2', "b.png"},
                                            {"x/up.png", "", '2', "../hard.png"},
                                            {"early.png", "", '2', "late.png"},
                                            {"late.png", "L"},
                                            {"folder", "", '2', "x"},
                                            {"pipe", "", '6'},
                                            {"x", "", '5'},
                                            {".dead", "", '2', "nowhere"}}),
                                  bad);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->Names(), (Names{"a.png", "early.png", "hard.png", "late.png", "x/b.png",
                                       "x/soft.png", "x/up.png"}));
  EXPECT_EQ((*source)->Read("hard.png").value(), "A");
  EXPECT_EQ((*source)->Read("x/soft.png").value(), "B");
  EXPECT_EQ((*source)->Read("x/up.png").value(), "A");
  EXPECT_EQ((*source)->Read("early.png").value(), "L");
  Names others;
  for (const Unlisted& other : (*source)->Others()) {
    others.push_back(other.name + ": " + other.reason);
  }
  EXPECT_EQ(others, (Names{"pipe: FIFOs, sockets and devices",
                           "folder: links to a folder of the archive"}));
}

TEST(Archive, NamesLinksToWhatItLacks) {
  for (const std::string target : {"nowhere", "/etc/passwd", "../a", "dead"}) {
    BadData bad(OnError::kSkip);
    const auto source = OpenArchive(TarBytes({{"dead", "", '2', target}}), bad);
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_TRUE((*source)->Names().empty());
    EXPECT_EQ(bad.problems(), Names{"the archive '" + kTar + "': 'dead' is a link to '" + target +
                                    "', which it lacks"});
  }
}

TEST(Archive, HoldsTheFilesOfBothOfTwoThatWereConcatenatedAndTheLastOfEachName) {
  BadData bad(OnError::kStop);
  const auto source =
      OpenArchive(TarBytes({{"a", "1"}, {"b", "2"}}) + TarBytes({{"c", "3"}, {"./a", "4"}}), bad);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->Names(), (Names{"a", "b", "c"}));
  EXPECT_EQ((*source)->Read("a").value(), "4");
  ASSERT_EQ((*source)->Others().size(), 1u);
  EXPECT_EQ((*source)->Others()[0].reason, "earlier copies of a file of the archive");
}

TEST(Archive, RefusesWhatIsDamagedOrNoArchive) {
  BadData bad(OnError::kSkip);
  const std::string tar = TarBytes({{"a", std::string(2000, 'a')}});
  EXPECT_TRUE(OpenArchive(tar, bad).ok());
  EXPECT_FALSE(OpenArchive(tar.substr(0, 1000), bad).ok());
  EXPECT_FALSE(OpenArchive("hello", bad).ok());
  EXPECT_FALSE(OpenArchive("", bad).ok());
  const std::string gz = TestFile("two.tar.gz");
  EXPECT_FALSE(OpenArchive(gz.substr(0, gz.size() / 2), bad).ok());
}

TEST(Archive, StopsBeforeItFillsTheMemory) {
  BadData bad(OnError::kSkip);
  const std::string gz = TestFile("two.tar.gz");  // of 5 and 2 bytes
  EXPECT_TRUE(OpenArchive(gz, bad, /*most_held=*/7).ok());
  const absl::Status status = OpenArchive(gz, bad, /*most_held=*/6).status();
  EXPECT_EQ(status.message(),
            "the archive '" + kTar + "' is too large for memory; unpack it and name the folder");
}

TEST(Archive, HoldsNoPictureInMemoryButWhereItIsCompressed) {
  BadData bad(OnError::kStop);
  const std::string tar = TarBytes({{"a.png", std::string(5000, 'a')}, {"a.txt", "text"}});
  const auto source = OpenArchive(tar, bad, /*most_held=*/4);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->Read("a.png").value(), std::string(5000, 'a'));
  Folder().Write("a.tar", tar.substr(0, 600));
  EXPECT_EQ((*source)->Read("a.txt").value(), "text");
  EXPECT_EQ((*source)->Read("a.png").status().message(),
            "'a.png' of the archive '" + kTar +
                "' is damaged, or the archive was changed since it was opened");
}

TEST(SafeName, IsRelativeAndNormal) {
  EXPECT_EQ(SafeName("./a//b/../c.png").value(), "a/c.png");
  for (const char* name : {"", "..", "../a", "/a", "a/", ".", "a/../.."}) {
    EXPECT_FALSE(SafeName(name).ok()) << name;
  }
  EXPECT_FALSE(SafeName(std::string("a\0b", 3)).ok());
}

}  // namespace
}  // namespace tessera
