#include "analysis/page/html.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analysis/page/markup.h"

namespace tessera {
namespace {

constexpr char kStyle[] = R"(
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 72rem; padding: 0 .8rem 2rem; background: #fff; color: #222;
  font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 1rem 0 .4rem; }
h2 { font-size: 1.2rem; margin: 1.6rem 0 .4rem; border-bottom: 1px solid #ccc; }
.figures { display: grid; gap: .8rem; align-items: start; }
figure { margin: 0; }
figure svg { display: block; width: 100%; max-width: 640px; }
figure img { display: block; width: 100%; max-width: 1024px; image-rendering: pixelated; }
figure img + img { margin-top: .4rem; }
figure p { margin: .2rem 0; white-space: pre-wrap; }
figcaption { font-size: .8rem; line-height: 1.25; margin-top: .2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .4rem 0; overflow-wrap: normal; }
th, td { padding: .15rem .7rem .15rem 0; text-align: left; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { position: sticky; left: 0; background: #fff; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
details { margin: .6rem 0; }
summary { cursor: pointer; font-weight: bold; }
pre { font-size: .8rem; white-space: pre-wrap; }
@media print { body { max-width: none; font-size: 11pt; } figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; } .wide { overflow: visible; }
  table { font-size: 7.5pt; } th, td { padding-right: .3rem; } }
)";

// "12", "-3.5 %", "" and "-" may stand among numbers.
bool IsNumber(const std::string& cell) {
  const size_t end = cell.find_last_not_of(" %");
  double ignored;
  return end == std::string::npos || cell == "-" ||
         absl::SimpleAtod(cell.substr(0, end + 1), &ignored);
}

}  // namespace

Figure PngFigure(std::string_view png, const std::string& caption) {
  return {absl::StrCat("<img alt=\"", EscapeMarkup(caption), "\" src=\"data:image/png;base64,",
                       Base64(png), "\">"),
          caption};
}

Figure SvgFigure(std::string svg, const std::string& caption) { return {std::move(svg), caption}; }

HtmlPage::HtmlPage(const std::string& title) : title_(EscapeMarkup(title)) {}

void HtmlPage::Heading(const std::string& text) {
  absl::StrAppend(&body_, "<h2>", EscapeMarkup(text), "</h2>\n");
}

void HtmlPage::Paragraph(const std::string& text) {
  absl::StrAppend(&body_, "<p>", EscapeMarkup(text), "</p>\n");
}

void HtmlPage::Figures(const std::vector<Figure>& figures, int64_t column_width) {
  absl::StrAppend(&body_,
                  "<div class=\"figures\" style=\"grid-template-columns: "
                  "repeat(auto-fill, minmax(min(100%, ",
                  column_width, "px), 1fr))\">\n");
  for (const Figure& figure : figures) {
    absl::StrAppend(&body_, "<figure>", figure.markup);
    if (!figure.caption.empty()) {
      absl::StrAppend(&body_, "<figcaption>", EscapeMarkup(figure.caption), "</figcaption>");
    }
    body_ += "</figure>\n";
  }
  body_ += "</div>\n";
}

void HtmlPage::Table(const std::vector<std::string>& header,
                     const std::vector<std::vector<std::string>>& rows) {
  std::vector<const char*> style;
  for (size_t column = 0; column < header.size(); ++column) {
    const bool numbers =
        std::ranges::all_of(rows, [&](const auto& row) { return IsNumber(row[column]); });
    style.push_back(numbers ? " class=\"number\"" : "");
  }
  const auto add_row = [&](const std::vector<std::string>& row, const char* tag) {
    body_ += "<tr>";
    for (size_t column = 0; column < header.size(); ++column) {
      // A long name may end a line behind each of its words, and a mean behind its sign.
      const std::string text = absl::StrReplaceAll(
          EscapeMarkup(row[column]), {{"_", "_<wbr>"}, {",", ",<wbr>"}, {" ±", "&nbsp;±"}});
      absl::StrAppend(&body_, "<", tag, style[column], ">", text, "</", tag, ">");
    }
    body_ += "</tr>\n";
  };
  body_ += "<div class=\"wide\"><table>\n";
  add_row(header, "th");
  for (const std::vector<std::string>& row : rows) {
    add_row(row, "td");
  }
  body_ += "</table></div>\n";
}

void HtmlPage::Details(const std::string& summary, const std::string& text) {
  absl::StrAppend(&body_, "<details><summary>", EscapeMarkup(summary), "</summary><pre>",
                  EscapeMarkup(text), "</pre></details>\n");
}

std::string HtmlPage::Text() const {
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      title_, "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<h1>", title_, "</h1>\n",
      body_, "</body>\n</html>\n");
}

}  // namespace tessera
