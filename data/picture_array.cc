#include "data/picture_array.h"

#include "absl/strings/str_cat.h"
#include "config/status.h"
#include "data/image/image_io.h"
#include "data/npz.h"

namespace tessera {

absl::Status WritePictureArray(const std::vector<std::string>& pictures, const std::string& npz,
                               const Files& files) {
  NpyArray array{.type = "|u1", .shape = {}, .bytes = {}};
  for (const std::string& path : pictures) {
    ASSIGN_OR_RETURN(const std::string png, files.Read(path));
    const auto image = DecodeImage(png);
    if (!image.ok()) {
      return absl::DataLossError(absl::StrCat("'", path, "' is ", image.status().message()));
    }
    const std::vector<int64_t> shape = {std::ssize(pictures), image->height, image->width, 3};
    if (!array.shape.empty() && shape != array.shape) {
      return absl::FailedPreconditionError(
          absl::StrCat("--npz: one array holds pictures of one size, and '", path, "' has another ",
                       "than those before it; name one --grid"));
    }
    array.shape = shape;
    array.bytes.append(image->rgb.begin(), image->rgb.end());
  }
  ASSIGN_OR_RETURN(const std::string bytes, ToNpz({{"arr_0", std::move(array)}}));
  return files.Write(npz, bytes);
}

}  // namespace tessera
