// What the name of a file says about the picture in it.
#pragma once

#include <string>
#include <string_view>

namespace tessera {

// Returns what follows the last dot, in small letters; empty if there is none.
std::string ExtensionOf(std::string_view name);

// Says whether the name is that of a format that DecodeImage reads.
bool IsReadablePicture(std::string_view name);

// Says whether the name is that of any picture, also of a format that DecodeImage refuses by name.
bool IsPicture(std::string_view name);

// Lists the endings of pictures that can be read: ".png, .jpg, ...".
std::string ReadableEndings();

}  // namespace tessera
