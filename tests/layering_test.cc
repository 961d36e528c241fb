// The includes of every source file, held against docs/architecture.md: who may know whom, and
// where the libraries are; and the sizes that STYLE.md promises. Paths are relative to the root.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/functions_of.h"
#include "tests/rooms.h"

namespace tessera {
namespace {

using Includes = std::map<std::string, std::vector<std::string>>;  // file -> what it includes

std::string_view FolderOf(std::string_view path) {
  const size_t slash = path.find('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

const Folder* Find(std::string_view name) {
  const auto* found = std::ranges::find(kFolders, name, &Folder::name);
  return found == kFolders.end() ? nullptr : found;
}

bool IsOurs(std::string_view path) { return Find(FolderOf(path)) || FolderOf(path) == "tests"; }

bool MayInclude(std::string_view file, std::string_view included) {
  const Folder* from = Find(FolderOf(file));
  const Folder* to = Find(FolderOf(included));
  return from && to && (from->name == to->name || to->level < from->level);
}

// The path between the quotes or brackets of an include directive; else empty.
std::string IncludedBy(std::string_view line) {
  constexpr std::string_view kDirective = "#include ";
  const size_t begin = line.find_first_of("\"<");
  const size_t end = line.find_last_of("\">");
  const bool is_include = line.starts_with(kDirective) && begin < end && end != line.npos;
  return is_include ? std::string(line.substr(begin + 1, end - begin - 1)) : "";
}

Includes ReadSources() {
  namespace fs = std::filesystem;
  const fs::path root = TESSERA_SOURCE_DIR;
  Includes includes;
  for (const Folder& folder : kFolders) {
    if (!fs::exists(root / folder.name)) {
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(root / folder.name)) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc") {
        continue;
      }
      std::vector<std::string>& found = includes[entry.path().lexically_relative(root).string()];
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        if (const std::string path = IncludedBy(line); !path.empty()) {
          found.push_back(path);
        }
      }
    }
  }
  return includes;
}

const Includes& Sources() {
  static const Includes sources = ReadSources();
  return sources;
}

// The file, the files of ours that it includes, and so on.
std::set<std::string> Closure(const std::string& file) {
  std::set<std::string> seen;
  std::vector<std::string> open = {file};
  while (!open.empty()) {
    const std::string next = open.back();
    open.pop_back();
    const auto found = Sources().find(next);
    if (found != Sources().end() && seen.insert(next).second) {
      open.insert(open.end(), found->second.begin(), found->second.end());
    }
  }
  return seen;
}

TEST(Layering, TheRuleTellsUpFromDown) {
  EXPECT_EQ(IncludedBy("#include \"files/files.h\"  // why"), "files/files.h");
  EXPECT_EQ(IncludedBy("#include <archive.h>"), "archive.h");
  EXPECT_EQ(IncludedBy("// #include \"cli/commands.h\""), "");
  EXPECT_TRUE(MayInclude("infer/a.cc", "data/b.h"));
  EXPECT_TRUE(MayInclude("ops/a.cc", "ops/b.h"));
  EXPECT_FALSE(MayInclude("data/a.cc", "model/b.h"));
  EXPECT_FALSE(MayInclude("data/a.cc", "sequence/b.h"));
  EXPECT_FALSE(MayInclude("cli/a.cc", "tests/b.h"));
}

TEST(Layering, EveryFolderThatExistsIsRead) {
  std::set<std::string_view> read;
  for (const auto& [file, unused] : Sources()) {
    read.insert(FolderOf(file));
  }
  for (const Folder& folder : kFolders) {
    if (std::filesystem::exists(std::filesystem::path(TESSERA_SOURCE_DIR) / folder.name)) {
      EXPECT_TRUE(read.contains(folder.name)) << folder.name;
    }
  }
  EXPECT_EQ(read.size(), kFolders.size());
}

TEST(Layering, IncludesPointOneWayAndNeverAtTests) {
  for (const auto& [file, includes] : Sources()) {
    for (const std::string& included : includes) {
      if (IsOurs(included)) {
        EXPECT_TRUE(MayInclude(file, included)) << file << " includes " << included;
      }
    }
  }
}

TEST(Layering, HeadsModelAndOpsSeeNoAbseilAndNoFiles) {
  const std::set<std::string> mathematics = {"heads", "model", "ops"};
  for (const auto& [file, unused] : Sources()) {
    if (!mathematics.contains(std::string(FolderOf(file)))) {
      continue;
    }
    for (const std::string& seen : Closure(file)) {
      for (const std::string& included : Sources().at(seen)) {
        const bool file_access = included == "fstream" || included == "filesystem";
        EXPECT_FALSE(FolderOf(included) == "absl" || file_access)
            << file << " sees " << included << " through " << seen;
      }
    }
  }
}

TEST(Layering, EachLibraryStaysInItsFiles) {
  for (const auto& [prefix, files] : Libraries()) {
    std::set<std::string> users;
    for (const auto& [file, includes] : Sources()) {
      for (const std::string& included : includes) {
        if (included.starts_with(prefix)) {
          users.insert(file);
        }
      }
    }
    EXPECT_EQ(users, files) << prefix;
  }
}

TEST(Layering, TheCommandLineLibraryStaysInCli) {
  for (const auto& [file, includes] : Sources()) {
    for (const std::string& included : includes) {
      EXPECT_TRUE(!included.starts_with("CLI/") || FolderOf(file) == "cli") << file;
    }
  }
}

TEST(Layering, NoHeaderIncludesAllOfLibTorch) {
  for (const auto& [file, includes] : Sources()) {
    if (file.ends_with(".h")) {
      EXPECT_EQ(std::ranges::count(includes, "torch/torch.h"), 0) << file;
    }
  }
}

// The text of every source file and test, by its path.
std::map<std::string, std::string> ReadTexts() {
  namespace fs = std::filesystem;
  const fs::path root = TESSERA_SOURCE_DIR;
  std::map<std::string, std::string> texts;
  std::vector<std::string_view> folders = {"tests", "bench"};
  std::ranges::transform(kFolders, std::back_inserter(folders), &Folder::name);
  for (const std::string_view folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension();
      if (extension == ".h" || extension == ".cc") {
        std::stringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        texts[entry.path().lexically_relative(root).string()] = text.str();
      }
    }
  }
  return texts;
}

TEST(FunctionsOf, CountsTheLinesOfDefinitionsFromTheirHeadToTheirBrace) {
  const auto functions = FunctionsOf(
      "int a = 3;\n"
      "template <class T>\n"
      "int F(T x,\n"
      "      int y) {\n"
      "  return [&] {\n"
      "    return x;\n"
      "  }();\n"
      "}\n"
      "class C {\n"
      " public:\n"
      "  C() : a_{1}, b_(2) {}\n"
      "  int Get() const;\n"
      "};\n");
  ASSERT_EQ(functions.size(), 3);
  EXPECT_EQ(functions[0].lines, 7);
  EXPECT_EQ(functions[0].parameters, 2);
  EXPECT_EQ(functions[1].lines, 1);
  EXPECT_EQ(functions[1].parameters, 0);
  EXPECT_EQ(functions[2].lines, 0);
}

TEST(FunctionsOf, CountsParametersAndNotTheCommasInsideThem) {
  for (const auto& [head, parameters] : std::vector<std::pair<const char*, int64_t>>{
           {"void F();", 0},
           {"std::map<int, int> F(std::map<int, int> a, int b = G(1, 2));", 2},
           {"std::function<void(int, int)> F(std::function<void(int, int)> f);", 1},
           {"bool operator==(const A&) const = default;", 1},
           {"int operator()(int a, int b) const;", 2},
           {"operator const Tensor&() const { return a; }", 0},
           {"void F(int a, Point b = {1, 2}, int c = 3) {}", 3}}) {
    const auto functions = FunctionsOf(head);
    ASSERT_EQ(functions.size(), 1) << head;
    EXPECT_EQ(functions[0].parameters, parameters) << head;
  }
}

TEST(FunctionsOf, SeesNoFunctionInWordsAndVariables) {
  for (const char* source :
       {"// int F(int a) {", "/* int F() {} */", "#define F(x) \\\n  G(x) {}\n", "int f = G(1, 2);",
        "const char* text = R\"(int F() {})\";", "const char* brace = \"void F() {\\\"\";",
        "struct S {\n  int a = 1'000;\n  char c = '{';\n};", "namespace a {\n}"}) {
    EXPECT_TRUE(FunctionsOf(source).empty()) << source;
  }
}

TEST(Style, NoFileIsLongerThan300Lines) {
  for (const auto& [file, text] : ReadTexts()) {
    EXPECT_LE(std::ranges::count(text, '\n'), 300) << file;
  }
}

TEST(Style, NoFunctionHasMoreThan40LinesOr5Parameters) {
  int64_t functions = 0;
  for (const auto& [file, text] : ReadTexts()) {
    for (const FunctionSize& function : FunctionsOf(text)) {
      EXPECT_LE(function.lines, 40) << file << ": " << function.head;
      EXPECT_LE(function.parameters, 5) << file << ": " << function.head;
      ++functions;
    }
  }
  EXPECT_GT(functions, 2000);  // they were found
}

TEST(Style, NoCommentBeginsWithWhoseOrSendsToAnother) {
  for (const auto& [file, text] : ReadTexts()) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const std::string_view words =
          std::string_view(line).substr(std::min(line.find_first_not_of(' '), line.size()));
      EXPECT_FALSE(words.starts_with("// Of ") || words.starts_with("// The same "))
          << file << ": " << line;
    }
  }
}

}  // namespace
}  // namespace tessera
