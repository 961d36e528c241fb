#include "data/account.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tessera {
namespace {

constexpr size_t kShown = 10;

// The sentences, which tell of the first of `count` things.
std::string List(const std::vector<std::string>& sentences, size_t count) {
  std::string out;
  for (const std::string& sentence : sentences) {
    absl::StrAppend(&out, "  ", sentence, "\n");
  }
  if (count > sentences.size()) {
    absl::StrAppend(&out, "  and ", count - sentences.size(), " others\n");
  }
  return out;
}

// The first kShown, and how many there are besides.
template <class Names>
std::string FirstOf(const Names& names) {
  const size_t shown = std::min(names.size(), kShown);
  const std::string first = absl::StrJoin(names.begin(), std::next(names.begin(), shown), ", ");
  return shown < names.size() ? absl::StrCat(first, " and ", names.size() - shown, " others")
                              : first;
}

std::string Sizes(const DataAccount& account) {
  std::vector<std::pair<int64_t, std::pair<int64_t, int64_t>>> sizes;
  for (const auto& [size, count] : account.sizes) {
    sizes.emplace_back(-count, size);
  }
  std::ranges::sort(sizes);
  std::string out;
  for (size_t i = 0; i < std::min(sizes.size(), kShown); ++i) {
    const auto& [negative_count, size] = sizes[i];
    absl::StrAppend(&out, "of ", size.first, " x ", size.second, " pixels: ", -negative_count,
                    "\n");
  }
  if (sizes.size() > kShown) {
    absl::StrAppend(&out, "and ", sizes.size() - kShown, " other sizes\n");
  }
  return out;
}

std::string TooLongLines(const TooLong& too_long, const char* documents) {
  const size_t count = too_long.indices.size();
  if (count == 0) {
    return "";
  }
  return absl::StrCat(too_long.left_out ? "left out, too long for" : "cut to fit",
                      " train.row_length = ", too_long.row_length, ": ", count, " of ",
                      too_long.looked_at, documents, "\n", List(too_long.named, count));
}

// "to test on: folder val/, folder validation/".
std::string NamesLine(const char* purpose, const std::set<std::string>& names) {
  return names.empty() ? "" : absl::StrCat(purpose, ": ", FirstOf(names), "\n");
}

// "  photos: 90 to train on, 10 to test on, 25% of what is read".
std::string SetLines(const std::vector<SetAccount>& sets) {
  double all = 0;
  for (const SetAccount& set : sets) {
    all += set.weight;
  }
  std::string out;
  for (const SetAccount& set : sets) {
    absl::StrAppend(&out, "  ", set.name, ": ", set.documents, " to train on, ", set.test_documents,
                    " to test on, ", std::lround(100 * set.weight / all),
                    "% of what training reads\n");
  }
  return out;
}

std::string LabelsLine(const std::map<std::string, int64_t>& labels) {
  std::vector<std::string> counted;
  for (const auto& [label, count] : labels) {
    counted.push_back(absl::StrCat(label, " (", count, ")"));
  }
  return labels.empty() ? "" : absl::StrCat("captions by folder: ", FirstOf(counted), "\n");
}

}  // namespace

void DataAccount::PassOver(const std::string& reason, const std::string& example) {
  const auto found = std::ranges::find(passed_over, reason, &PassedOver::reason);
  if (found == passed_over.end()) {
    passed_over.push_back({reason, 1, example});
  } else {
    ++found->count;
  }
}

void DataAccount::CountText(const std::string& text) {
  ++texts;
  text_bytes += std::ssize(text);
  longest_text = std::max<int64_t>(longest_text, std::ssize(text));
}

void DataAccount::AddCounts(const DataAccount& more) {
  pictures += more.pictures;
  texts += more.texts;
  text_bytes += more.text_bytes;
  longest_text = std::max(longest_text, more.longest_text);
  decoded = decoded && more.decoded;
  for (const auto& [size, count] : more.sizes) {
    sizes[size] += count;
  }
  for (const auto& [label, count] : more.labels) {
    labels[label] += count;
  }
  unscored += more.unscored;
}

void DataAccount::AddSet(const std::string& name, double weight, const DataAccount& set) {
  const std::string prefix = name + ": ";
  AddCounts(set);
  documents += set.documents;
  test_documents += set.test_documents;
  sets.push_back({name, weight, set.documents, set.test_documents});
  for (const PassedOver& files : set.passed_over) {
    passed_over.push_back({prefix + files.reason, files.count, files.example});
  }
  for (const std::string& sentence : set.bad) {
    bad.push_back(prefix + sentence);
  }
  for (const std::string& by : set.train_names) {
    train_names.insert(prefix + by);
  }
  for (const std::string& by : set.test_names) {
    test_names.insert(prefix + by);
  }
}

void DataAccount::AddTest(const DataAccount& test) {
  AddCounts(test);
  test_documents = test.documents;
  for (size_t i = 0; i < std::min(sets.size(), test.sets.size()); ++i) {
    sets[i].test_documents = test.sets[i].documents;
  }
  test_too_long = test.too_long;
  for (const std::string& sentence : test.bad) {
    if (std::ranges::find(bad, sentence) == bad.end()) {
      bad.push_back(sentence);
    }
  }
}

std::string ToString(const PassedOver& files) {
  return absl::StrCat("passed over (", files.reason, "): ", files.count, ", such as '",
                      files.example, "'");
}

std::string ToString(const DataAccount& account) {
  std::string out = absl::StrCat("documents: ", account.documents, " to train on, ",
                                 account.test_documents, " to test on\n", SetLines(account.sets),
                                 NamesLine("to train on", account.train_names),
                                 NamesLine("to test on", account.test_names));
  if (account.pictures + account.texts > 0) {
    absl::StrAppend(&out, "pictures: ", account.pictures, ", texts: ", account.texts, "\n");
  }
  if (account.texts > 0) {
    absl::StrAppend(&out, "texts: ", account.text_bytes, " bytes, ",
                    account.text_bytes / account.texts, " in the mean, ", account.longest_text,
                    " at most\n");
  }
  if (account.unscored > 0) {
    absl::StrAppend(&out, "read and not learnt: ", account.unscored, " pictures and texts\n");
  }
  return absl::StrCat(out, LabelsLine(account.labels), Sizes(account), Remarks(account));
}

std::string Remarks(const DataAccount& account) {
  std::string out;
  if (account.texts == 0 && account.pictures > 0) {
    out = "no document has a text\n";
  }
  for (const PassedOver& files : account.passed_over) {
    absl::StrAppend(&out, ToString(files), "\n");
  }
  absl::StrAppend(&out, TooLongLines(account.too_long, " documents"),
                  TooLongLines(account.test_too_long, " documents to test on"));
  if (!account.bad.empty()) {
    absl::StrAppend(&out, "bad data: ", account.bad.size(), "\n",
                    List(account.bad, account.bad.size()));
  }
  return out;
}

}  // namespace tessera
