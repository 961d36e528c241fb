#include "analysis/report/document_page.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "analysis/page/html.h"
#include "analysis/page/markup.h"
#include "data/image/image_io.h"

namespace tessera {
namespace {

constexpr int64_t kPictureColumn = 130, kTextColumn = 240;  // pixels

// Texts and pictures in their order, above each other.
Figure DocumentFigure(const Document& document, const std::string& caption) {
  Figure figure{.markup = "", .caption = caption};
  for (const Segment& segment : document.segments) {
    if (const Image* image = AsImage(segment)) {
      figure.markup += PngFigure(EncodePng(*image), "").markup;
    } else {
      absl::StrAppend(&figure.markup, "<p>", EscapeMarkup(*AsText(segment)), "</p>");
    }
  }
  return figure;
}

// Beside each other, as many as fit.
void AddDocuments(const std::vector<Document>& documents, bool numbered, HtmlPage* html) {
  std::vector<Figure> figures;
  bool pictures = false;
  for (const Document& document : documents) {
    figures.push_back(DocumentFigure(document, numbered ? absl::StrCat(figures.size()) : ""));
    pictures |= std::ranges::any_of(document.segments, [](const Segment& s) { return AsImage(s); });
  }
  html->Figures(figures, pictures ? kPictureColumn : kTextColumn);
}

}  // namespace

std::string ToHtml(const GeneratedPage& page) {
  HtmlPage html(page.title);
  if (!page.prompt.segments.empty()) {
    html.Heading("Prompt");
    AddDocuments({page.prompt}, /*numbered=*/false, &html);
  }
  html.Heading("Continued");
  AddDocuments(page.continuations, /*numbered=*/true, &html);
  html.Details("Settings", page.settings);
  return html.Text();
}

}  // namespace tessera
