#include "files/files.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "tests/files/faulty_file_system.h"
#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

using Names = std::vector<std::string>;

TEST(Files, ReadsBackWhatItWrote) {
  const TempFolder folder;
  const Files files;
  const std::string bytes("a\0b\xFF\n", 5);
  ASSERT_TRUE(files.Write(folder / "x", bytes).ok());
  EXPECT_EQ(files.Read(folder / "x").value(), bytes);
}

TEST(Files, MapsAFileOfWhichChangesAreACopy) {
  const TempFolder folder;
  const Files files;
  for (const std::string bytes : {"some bytes", ""}) {
    ASSERT_TRUE(files.Write(folder / "x", bytes).ok());
    const FileBytes mapped = files.Map(folder / "x").value();
    EXPECT_EQ(mapped.bytes, bytes);
    for (size_t i = 0; i < mapped.bytes.size(); ++i) {
      const_cast<char&>(mapped.bytes[i]) = '-';
    }
    EXPECT_EQ(files.Read(folder / "x").value(), bytes);
    ASSERT_TRUE(files.Write(folder / "x", "other").ok());
    EXPECT_EQ(mapped.bytes, std::string(bytes.size(), '-')) << "what is replaced stays mapped";
  }
  EXPECT_TRUE(absl::StrContains(files.Map(folder / "X").status().message(), "did you mean"));
  EXPECT_FALSE(files.Map(folder.path()).ok());
  EXPECT_TRUE(
      FilesWithoutWaiting(std::make_shared<FaultyFileSystem>(.5, 1)).Map(folder / "x").ok());
}

TEST(Files, WritingReplacesAndLeavesNoOtherFile) {
  const TempFolder folder;
  const Files files;
  ASSERT_TRUE(files.Write(folder / "x", "long and old").ok());
  ASSERT_TRUE(files.Write(folder / "x", "new").ok());
  EXPECT_EQ(files.Read(folder / "x").value(), "new");
  EXPECT_EQ(files.List(folder.path()).value(), Names{"x"});
}

TEST(Files, AFailedWriteLeavesTheOldBytes) {
  const TempFolder folder;
  ASSERT_TRUE(Files().Write(folder / "x", "old").ok());
  const Files faulty = FilesWithoutWaiting(std::make_shared<FaultyFileSystem>(1, 0));
  EXPECT_TRUE(absl::IsUnavailable(faulty.Write(folder / "x", "new")));
  EXPECT_EQ(Files().Read(folder / "x").value(), "old");
}

TEST(Files, AppendAddsToTheEnd) {
  const TempFolder folder;
  const Files files;
  ASSERT_TRUE(files.Append(folder / "log", "one\n").ok());
  ASSERT_TRUE(files.Append(folder / "log", "two\n").ok());
  EXPECT_EQ(files.Read(folder / "log").value(), "one\ntwo\n");
}

TEST(Files, TellsFilesFromFoldersFromNothing) {
  const TempFolder folder;
  folder.Write("x", "");
  const Files files;
  EXPECT_EQ(files.Kind(folder / "x").value(), PathKind::kFile);
  EXPECT_EQ(files.Kind(folder.path()).value(), PathKind::kFolder);
  EXPECT_EQ(files.Kind(folder / "y").value(), PathKind::kNone);
  EXPECT_EQ(files.Kind(folder / "x/y").value(), PathKind::kNone);
}

TEST(Files, AMissingFileIsToldWithThePathThatMayHaveBeenMeant) {
  const TempFolder folder;
  folder.Write("shapes.toml", "");
  folder.Write("sprites.toml", "");
  const absl::Status status = Files().Read(folder / "shaeps.toml").status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(status.message(), "cannot read '" + folder / "shaeps.toml" +
                                  "': No such file or directory; did you mean '" +
                                  folder / "shapes.toml" + "'?");
  EXPECT_EQ(Files().Read(folder / "unlike.png").status().message(),
            "cannot read '" + folder / "unlike.png" + "': No such file or directory");
  EXPECT_TRUE(absl::EndsWith(Files().Read(folder / "sprites").status().message(),
                             "did you mean '" + folder / "sprites.toml" + "'?"));
}

TEST(Files, AMissingFolderIsToldWithTheOneThatMayHaveBeenMeant) {
  const TempFolder folder;
  folder.Write("recipes/shapes.toml", "");
  EXPECT_TRUE(absl::EndsWith(Files().Read(folder / "recpies/shapes.tml").status().message(),
                             "did you mean '" + folder / "recipes/shapes.toml" + "'?"));
}

TEST(Files, ReadingAFolderIsAFinalErrorThatSaysSo) {
  const TempFolder folder;
  const absl::Status status = Files().Read(folder.path()).status();
  EXPECT_FALSE(IsTransient(status));
  EXPECT_EQ(status.message(), "cannot read '" + folder.path() + "': Is a directory");
}

TEST(Files, ListsTreesInOrder) {
  const TempFolder folder;
  for (const char* name : {"b/2", "b/1/z", "a", "c"}) {
    folder.Write(name, "");
  }
  EXPECT_EQ(Files().ListTree(folder.path())->files, (Names{"a", "b/1/z", "b/2", "c"}));
}

// Lists no folder whose name ends in "locked".
class LockedFolders : public FaultyFileSystem {
 public:
  LockedFolders() : FaultyFileSystem(/*rate=*/0, /*seed=*/0) {}
  absl::StatusOr<Names> List(const std::string& folder) const override {
    return folder.ends_with("locked") ? absl::PermissionDeniedError("cannot list '" + folder + "'")
                                      : FaultyFileSystem::List(folder);
  }
};

TEST(Files, AFolderThatCannotBeListedIsToldAndTheRestOfTheTreeIsListed) {
  const TempFolder folder;
  for (const char* name : {"a", "locked/b", "x/locked/c", "x/d"}) {
    folder.Write(name, "");
  }
  const Files files = FilesWithoutWaiting(std::make_shared<LockedFolders>());
  const Tree tree = files.ListTree(folder.path()).value();
  EXPECT_EQ(tree.files, (Names{"a", "x/d"}));
  ASSERT_EQ(tree.unreadable.size(), 2u);
  EXPECT_EQ(tree.unreadable[0].first, "locked");
  EXPECT_EQ(tree.unreadable[1].first, "x/locked");
  EXPECT_EQ(tree.unreadable[1].second.message(), "cannot list '" + folder / "x/locked'");
  EXPECT_TRUE(absl::IsPermissionDenied(files.ListTree(folder / "locked").status()));
}

TEST(Files, LinksInATreeAreFollowedButNotInCircles) {
  const TempFolder folder, elsewhere;
  elsewhere.Write("deep/e", "");
  folder.Write("a/b/c", "");
  std::filesystem::create_directory_symlink(elsewhere.path(), folder / "there");
  std::filesystem::create_directory_symlink(folder.path(), elsewhere / "back");
  std::filesystem::create_directory_symlink("../b", folder / "a/b/self");
  std::filesystem::create_directory_symlink("a/b", folder / "again");
  std::filesystem::create_symlink("nothing", folder / "dead");
  const Tree tree = Files().ListTree(folder.path()).value();
  EXPECT_EQ(tree.files, (Names{"a/b/c", "again/c", "there/deep/e"}));
  EXPECT_EQ(tree.links_upwards, (Names{"a/b/self", "again/self", "there/back"}));
  EXPECT_EQ(tree.dead_links, Names{"dead"});
}

TEST(Files, MakesAndRenamesAndRemovesWholeFolders) {
  const TempFolder folder;
  const Files files;
  ASSERT_TRUE(files.MakeFolder(folder / "a/b/c").ok());
  ASSERT_TRUE(files.MakeFolder(folder / "a/b/c").ok());
  ASSERT_TRUE(files.Write(folder / "a/b/c/x", "1").ok());
  ASSERT_TRUE(files.Rename(folder / "a", folder / "d").ok());
  EXPECT_EQ(files.Read(folder / "d/b/c/x").value(), "1");
  ASSERT_TRUE(files.Remove(folder / "d").ok());
  ASSERT_TRUE(files.Remove(folder / "d").ok());
  EXPECT_EQ(files.List(folder.path()).value(), Names{});
}

TEST(Files, FaultsThatPassDoNotShow) {
  const TempFolder folder;
  const auto system = std::make_shared<FaultyFileSystem>(0.5, 1);
  const Files files = FilesWithoutWaiting(system, /*tries=*/60);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(files.Append(folder / "log", std::to_string(i) + "\n").ok());
    ASSERT_TRUE(files.Write(folder / "x", std::to_string(i)).ok());
    ASSERT_EQ(files.Read(folder / "x").value(), std::to_string(i));
  }
  EXPECT_GT(system->faults(), 20);
  EXPECT_GT(system->faults_half_way(), 10);
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    lines += std::to_string(i) + "\n";
  }
  EXPECT_EQ(Files().Read(folder / "log").value(), lines);
  EXPECT_EQ(Files().List(folder.path()).value(), (Names{"log", "x"}));
}

TEST(Files, FaultsThatPassDoNotShowInFolders) {
  const TempFolder folder;
  const auto system = std::make_shared<FaultyFileSystem>(0.5, 3);
  const Files files = FilesWithoutWaiting(system, /*tries=*/60);
  for (int i = 0; i < 20; ++i) {
    const std::string from = folder / ("from" + std::to_string(i)), to = folder / "to";
    ASSERT_TRUE(files.MakeFolder(from + "/a").ok());
    ASSERT_TRUE(files.Write(from + "/a/1", "1").ok());
    ASSERT_TRUE(files.Write(from + "/a/2", "2").ok());
    ASSERT_TRUE(files.Remove(to).ok());
    ASSERT_TRUE(files.Rename(from, to).ok());
    ASSERT_EQ(Files().ListTree(folder.path())->files, (Names{"to/a/1", "to/a/2"}));
  }
  EXPECT_GT(system->faults_half_way(), 10);
}

TEST(Files, AnAppendThatKeepsFailingHalfWayLeavesTheFileAsItWas) {
  const TempFolder folder;
  folder.Write("log", "one\n");
  const auto system = std::make_shared<FaultyFileSystem>(1, 0);
  const Files files = FilesWithoutWaiting(system);
  EXPECT_TRUE(absl::IsUnavailable(files.Append(folder / "log", "two\n")));
  EXPECT_GT(system->faults_half_way(), 5);
  EXPECT_EQ(Files().Read(folder / "log").value(), "one\n");
}

TEST(Files, JoinsPathsWithOneSlash) {
  EXPECT_EQ(JoinPath("a", "b"), "a/b");
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("", "b"), "b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
  EXPECT_EQ(JoinPath("a", ""), "a");
}

}  // namespace
}  // namespace tessera
