#include "data/image/picture_names.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

TEST(PictureNames, AreToldByTheirEndingInAnyCase) {
  EXPECT_EQ(ExtensionOf("a/b.tar.PNG"), "png");
  EXPECT_EQ(ExtensionOf("no_ending"), "");
  EXPECT_TRUE(IsReadablePicture("a.JPeG"));
  EXPECT_FALSE(IsReadablePicture("a.gif")) << "its format is refused by name";
  EXPECT_TRUE(IsPicture("a.gif"));
  EXPECT_FALSE(IsPicture("png"));
  EXPECT_FALSE(IsPicture("a.txt"));
  EXPECT_EQ(ReadableEndings(), ".png, .jpg, .jpeg, .webp, .bmp, .tif, .tiff");
}

}  // namespace
}  // namespace tessera
