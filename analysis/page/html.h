// A page in one file: no scripts, nothing from the network, readable on a phone and on paper.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// markup is trusted (an SVG of ours, or an <img> of these functions); caption is plain text.
struct Figure {
  std::string markup;
  std::string caption;
};

// The bytes of a PNG file. Small pictures are enlarged without smoothing.
Figure PngFigure(std::string_view png, const std::string& caption);
Figure SvgFigure(std::string svg, const std::string& caption = "");

class HtmlPage {
 public:
  explicit HtmlPage(const std::string& title);

  // Texts are plain: they are escaped here.
  void Heading(const std::string& text);
  void Paragraph(const std::string& text);

  // As many columns as fit, each at least column_width pixels wide (or the whole screen).
  void Figures(const std::vector<Figure>& figures, int64_t column_width);

  // Columns whose cells are all numbers stand flush right. Rows have as many cells as the header.
  void Table(const std::vector<std::string>& header,
             const std::vector<std::vector<std::string>>& rows);

  // Folded text of fixed width, such as a config.
  void Details(const std::string& summary, const std::string& text);

  std::string Text() const;

 private:
  std::string title_, body_;
};

}  // namespace tessera
