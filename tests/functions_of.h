// The functions of a source file, found without a compiler: by braces, brackets and semicolons, as
// clang-format lays them out. A lambda counts as lines of the function around it; functions that a
// macro makes are not seen.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

struct FunctionSize {
  std::string head;   // the declaration, on one line
  int64_t lines = 0;  // of the definition with its head and its closing brace; 0: declared only
  int64_t parameters = 0;
};

inline bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Where the comment, string, character or directive ends that begins at `at`; `at` if none does.
inline size_t EndOfNoCode(std::string_view source, size_t at) {
  const std::string_view rest = source.substr(at);
  const auto after = [&](std::string_view end) {
    const size_t found = source.find(end, at);
    return found == source.npos ? source.size() : found + end.size();
  };
  if (rest.starts_with("//") || rest.starts_with("#")) {
    size_t end = std::min(source.find('\n', at), source.size());
    while (end < source.size() && source[end - 1] == '\\') {
      end = std::min(source.find('\n', end + 1), source.size());
    }
    return end;
  }
  if (rest.starts_with("/*")) {
    return after("*/");
  }
  if (rest.starts_with("R\"")) {
    return after(")" + std::string(rest.substr(2, rest.find('(') - 2)) + "\"");
  }
  const bool digits = rest[0] == '\'' && at > 0 && IsWord(source[at - 1]);  // 1'000
  if ((rest[0] != '"' && rest[0] != '\'') || digits) {
    return at;
  }
  size_t end = at + 1;
  while (end < source.size() && source[end] != rest[0]) {
    end += source[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, source.size());
}

// The source with blanks in place of all that is no code. Line ends stay.
inline std::string CodeOf(std::string_view source) {
  std::string code(source);
  for (size_t at = 0; at < source.size(); ++at) {
    for (const size_t end = EndOfNoCode(source, at); at < end; ++at) {
      code[at] = code[at] == '\n' ? '\n' : ' ';
    }
  }
  return code;
}

// "map<int, f()> x" becomes "map x".
inline std::string WithoutTemplates(std::string_view head) {
  std::string plain;
  int64_t depth = 0;
  for (size_t i = 0; i < head.size(); ++i) {
    const std::string_view before = head.substr(0, i);
    const bool begins = head[i] == '<' && !before.ends_with("operator") &&
                        (before.ends_with("template ") || (i > 0 && IsWord(head[i - 1])));
    const bool ends = head[i] == '>' && depth > 0 && !before.ends_with('-');
    depth += begins;
    if (depth == 0) {
      plain += head[i];
    }
    depth -= ends;
  }
  return plain;
}

// -1 if the head declares no function.
inline int64_t CountParameters(std::string_view declaration) {
  const std::string head = WithoutTemplates(declaration);
  const size_t overloaded = head.find("operator");
  size_t open = head.find('(');
  if (overloaded != head.npos) {
    open =
        head.find('(', overloaded + (head.substr(overloaded).starts_with("operator()") ? 10 : 8));
  } else if (head.find('=') < open) {
    return -1;  // a variable
  }
  if (open == head.npos) {
    return -1;
  }
  int64_t depth = 1, commas = 0;
  size_t i = open + 1;
  for (; i < head.size() && depth > 0; ++i) {
    depth += (head[i] == '(' || head[i] == '{') - (head[i] == ')' || head[i] == '}');
    commas += depth == 1 && head[i] == ',';
  }
  return i == open + 2 ? 0 : commas + 1;
}

// Reads code character by character, and keeps the head of what is declared now.
class FunctionReader {
 public:
  void Read(char c) {
    line_ += c == '\n';
    if (in_body_ > 0) {
      in_body_ += (c == '{') - (c == '}');
      functions_.back().lines = line_ - head_line_ + 1;
    } else if (in_initialiser_ > 0 || (c == '{' && BeginsValue())) {
      in_initialiser_ += (c == '{') - (c == '}');
    } else if (c == '{' || c == '}' || c == ';') {
      const int64_t parameters = c == '}' ? -1 : CountParameters(head_);
      if (parameters >= 0) {
        functions_.push_back({head_, 0, parameters});
        in_body_ = c == '{';
      }
      head_.clear();
    } else {
      AddToHead(c);
    }
    before_ = c;
  }

  std::vector<FunctionSize> functions() const { return functions_; }

 private:
  // A brace of a value and not of a body: "a_{1}", "= {1, 2}".
  bool BeginsValue() const { return before_ != ' ' || head_.ends_with("= "); }

  void AddToHead(char c) {
    const bool space = std::isspace(static_cast<unsigned char>(c));
    if (head_.empty()) {
      head_line_ = line_;
    }
    if (!space || !(head_.empty() || head_.ends_with(' '))) {
      head_ += space ? ' ' : c;
    }
    for (const char* access : {"public:", "protected:", "private:"}) {
      head_ = head_ == access ? "" : head_;
    }
  }

  std::vector<FunctionSize> functions_;
  std::string head_;
  int64_t line_ = 1, head_line_ = 1, in_body_ = 0, in_initialiser_ = 0;
  char before_ = ' ';
};

inline std::vector<FunctionSize> FunctionsOf(std::string_view source) {
  FunctionReader reader;
  for (const char c : CodeOf(source)) {
    reader.Read(c);
  }
  return reader.functions();
}

}  // namespace tessera
