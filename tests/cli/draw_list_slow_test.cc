// What `generate --prompts` writes, read by Pillow and NumPy.
#include <gtest/gtest.h>

#include "tests/run_python.h"

namespace tessera {
namespace {

constexpr char kScript[] = R"(
import json
import numpy as np
from PIL import Image

pictures = np.load("drawn.npz")["arr_0"]
assert pictures.shape == (2, 16, 16, 3) and pictures.dtype == np.uint8, pictures.shape
for i in range(2):
    picture = Image.open("drawn/%05d.png" % i)
    assert (np.asarray(picture) == pictures[i]).all()
    recipe = json.loads(picture.text["tessera"])
    assert recipe["prompt"] == ["a red dot", "ein größerer Ring"][i], recipe
    assert recipe["seed"] == i
    assert picture.text["Software"].startswith("tessera ")
print("read")
)";

TEST(DrawListFiles, AreReadByPillowAndNumpy) {
  const std::string python = PythonWith("pillow", "pillow numpy");
  NEEDS_PYTHON(python);
  const TempFolder folder;
  folder.Write("recipe.toml", kTinyRecipe);
  folder.Write("list.txt", "a red dot\nein größerer Ring\n");
  ASSERT_EQ(Tessera(folder, "train recipe.toml --out run").exit_code, 0);
  const Outcome drawn =
      Tessera(folder, "generate run --prompts list.txt --out drawn --npz drawn.npz");
  ASSERT_EQ(drawn.exit_code, 0) << drawn.err;
  const Outcome read = RunPython(python, folder, kScript);
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_EQ(read.out, "read\n");
}

}  // namespace
}  // namespace tessera
