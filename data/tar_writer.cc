#include "data/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace tessera {
namespace {

la_ssize_t AppendTo(archive*, void* tar, const void* bytes, size_t size) {
  static_cast<std::string*>(tar)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

absl::StatusOr<std::string> WriteTar(const std::vector<NamedBytes>& files) {
  std::string tar;
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), archive_write_free);
  archive_write_set_format_pax_restricted(writer.get());
  bool good = archive_write_open(writer.get(), &tar, nullptr, AppendTo, nullptr) == ARCHIVE_OK;
  for (const auto& [name, bytes] : files) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    good = good && archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK &&
           archive_write_data(writer.get(), bytes.data(), bytes.size()) ==
               static_cast<la_ssize_t>(bytes.size());
  }
  if (!good || archive_write_close(writer.get()) != ARCHIVE_OK) {
    const char* why = archive_error_string(writer.get());
    return absl::InternalError(
        absl::StrCat("an archive could not be made: ", why != nullptr ? why : "unknown error"));
  }
  return tar;
}

}  // namespace tessera
