// One account of a data set: what is there, what is used of it, and what is not and why. `data
// check`, the start and the end of `train`, and the report show it by the same lines.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tessera {

// Files that are not read, for one reason.
struct PassedOver {
  std::string reason;  // "hidden files"
  int64_t count = 0;
  std::string example;

  bool operator==(const PassedOver&) const = default;
};

// Documents that do not fit a row (sequence/fit.h). data.too_long decides what they lose.
struct TooLong {
  static constexpr size_t kNamed = 10;

  int64_t row_length = 0;  // slots of a row; 0: nobody looked
  int64_t looked_at = 0;   // documents
  bool left_out = false;   // the whole documents, not what has no room
  std::vector<int64_t> indices = {};
  std::vector<std::string> named = {};  // which the first kNamed are, and what of them has room
};

// What a set of a mixture has.
struct SetAccount {
  std::string name;
  double weight = 1;
  int64_t documents = 0, test_documents = 0;
};

struct DataAccount {
  int64_t documents = 0;  // of the split, usually the one to train on
  int64_t test_documents = 0;
  int64_t pictures = 0, texts = 0;
  int64_t text_bytes = 0;    // of all texts together
  int64_t longest_text = 0;  // in bytes
  bool decoded = false;      // every picture was, so `sizes` is known
  // (height, width) -> how many pictures
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes = {};
  std::vector<PassedOver> passed_over = {};
  std::vector<std::string> bad = {};  // one sentence for each document, link or folder
  // What put documents into a split by its name: "folder val/", "\"split\": \"dev\"".
  std::set<std::string> train_names = {}, test_names = {};
  std::map<std::string, int64_t> labels = {};  // folder's name -> pictures that it captions
  int64_t unscored = 0;                        // segments that are read and not learnt
  TooLong too_long = {}, test_too_long = {};   // of the split, and of the test split
  std::vector<SetAccount> sets = {};           // of a mixture

  // Counts a file that is not read.
  void PassOver(const std::string& reason, const std::string& example);

  void CountText(const std::string& text);

  // Adds what is counted in another account.
  void AddCounts(const DataAccount& more);

  // Adds a set of the mixture that this is the account of. What is named is then named with the
  // set.
  void AddSet(const std::string& name, double weight, const DataAccount& set);

  // Adds the account of the same data set's test split. What both say of bad data is listed once.
  void AddTest(const DataAccount& test);
};

// "passed over (hidden files): 1, such as '.b.png'".
std::string ToString(const PassedOver& files);

// The account as lines of text: the first ten sizes and too long documents, and all bad ones.
std::string ToString(const DataAccount& account);

// The lines that tell of what is not used.
std::string Remarks(const DataAccount& account);

}  // namespace tessera
