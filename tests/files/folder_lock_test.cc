#include "files/folder_lock.h"

#include <gtest/gtest.h>

#include "tests/files/temp_folder.h"

namespace tessera {
namespace {

TEST(FolderLock, RefusesTheSecondUntilTheFirstIsGone) {
  const TempFolder folder;
  absl::StatusOr<FolderLock> first = LockFolder(folder.path());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(LockFolder(folder.path()).status().message(),
            "another process works in '" + folder.path() +
                "'; wait until it has ended, or name another --out");
  first->reset();
  EXPECT_TRUE(LockFolder(folder.path()).ok());
}

TEST(FolderLock, OfAFolderThatIsNotThereIsAnError) {
  EXPECT_FALSE(LockFolder(TempFolder() / "nothing").ok());
}

}  // namespace
}  // namespace tessera
