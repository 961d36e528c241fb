#include "analysis/measure/gather_documents.h"

#include <cstring>

namespace tessera {
namespace {

// A document as numbers and bytes: how many segments; of each a height, -1 for a text, a width or a
// length, and the bytes.
void Write(int64_t number, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

void Write(const Document& document, std::string* bytes) {
  Write(std::ssize(document.segments), bytes);
  for (const Segment& segment : document.segments) {
    if (const std::string* text = AsText(segment)) {
      Write(-1, bytes);
      Write(std::ssize(*text), bytes);
      *bytes += *text;
    } else {
      const Image& image = *AsImage(segment);
      Write(image.height, bytes);
      Write(image.width, bytes);
      bytes->append(image.rgb.begin(), image.rgb.end());
    }
  }
}

// Reads what Write wrote, from the front.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool done() const { return bytes_.empty(); }

  Document Next() {
    Document document;
    for (int64_t left = Number(); left > 0; --left) {
      const int64_t height = Number(), width = Number();
      if (height < 0) {
        document.segments.emplace_back(std::string(Take(width)));
      } else {
        const std::string_view rgb = Take(3 * height * width);
        document.segments.emplace_back(Image{height, width, {rgb.begin(), rgb.end()}});
      }
    }
    return document;
  }

 private:
  std::string_view Take(int64_t count) {
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  int64_t Number() {
    int64_t number = 0;
    std::memcpy(&number, Take(sizeof(number)).data(), sizeof(number));
    return number;
  }

  std::string_view bytes_;
};

}  // namespace

std::vector<Document> GatherDocuments(std::vector<Document> mine, const Ranks& ranks) {
  if (ranks.alone()) {
    return mine;
  }
  std::string bytes;
  for (const Document& document : mine) {
    Write(document, &bytes);
  }
  std::vector<Document> all;
  for (const std::string& text : ranks.Gather(bytes)) {
    for (Reader reader(text); !reader.done();) {
      all.push_back(reader.Next());
    }
  }
  return all;
}

}  // namespace tessera
