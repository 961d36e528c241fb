#include "data/parquet_file.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "config/status.h"

namespace tessera {
namespace {

using Values = std::vector<std::optional<std::string>>;

// A file as Arrow reads it, through Files.
class Input : public arrow::io::RandomAccessFile {
 public:
  Input(std::string path, int64_t size, std::shared_ptr<const Files> files)
      : path_(std::move(path)), size_(size), files_(std::move(files)) {}

  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Status Seek(int64_t position) override {
    at_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return size_; }

  arrow::Result<int64_t> Read(int64_t size, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, BytesAt(at_, size));
    std::ranges::copy(bytes, static_cast<char*>(out));
    at_ += std::ssize(bytes);
    return std::ssize(bytes);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(std::string bytes, BytesAt(at_, size));
    at_ += std::ssize(bytes);
    return arrow::Buffer::FromString(std::move(bytes));
  }
  using RandomAccessFile::ReadAt;
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t size, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, BytesAt(position, size));
    std::ranges::copy(bytes, static_cast<char*>(out));
    return std::ssize(bytes);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(std::string bytes, BytesAt(position, size));
    return arrow::Buffer::FromString(std::move(bytes));
  }

  // Why the last read failed; its message alone survives Arrow.
  const absl::Status& failure() const { return failure_; }

 private:
  arrow::Result<std::string> BytesAt(int64_t position, int64_t size) {
    absl::StatusOr<std::string> bytes = files_->ReadRange(path_, position, size);
    if (!bytes.ok()) {
      failure_ = bytes.status();
      return arrow::Status::IOError(std::string(failure_.message()));
    }
    return *std::move(bytes);
  }

  std::string path_;
  int64_t size_;
  std::shared_ptr<const Files> files_;
  int64_t at_ = 0;
  absl::Status failure_ = absl::OkStatus();
};

// The values of a chunk of a column, one by one. Value is what Parquet stores.
template <class Reader, class ToText>
void AppendTexts(Reader& reader, int16_t whole, const ToText& to_text, Values* values) {
  constexpr int64_t kBatch = 1024;
  std::array<int16_t, kBatch> levels;
  std::array<typename Reader::T, kBatch> batch;
  while (reader.HasNext()) {
    int64_t present = 0;
    const int64_t count = reader.ReadBatch(kBatch, levels.data(), nullptr, batch.data(), &present);
    for (int64_t i = 0, next = 0; i < count; ++i) {
      const bool is_null = whole > 0 && levels[static_cast<size_t>(i)] < whole;
      values->push_back(is_null ? std::nullopt
                                : std::optional(to_text(batch[static_cast<size_t>(next++)])));
    }
  }
}

std::string ToString(const parquet::ByteArray& bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.ptr), bytes.len);
}

void AppendTexts(parquet::ColumnReader& reader, Values* values) {
  const int16_t whole = reader.descr()->max_definition_level();
  const auto number = [](int64_t value) { return absl::StrCat(value); };
  switch (reader.type()) {
    case parquet::Type::BYTE_ARRAY:
      return AppendTexts(static_cast<parquet::ByteArrayReader&>(reader), whole, ToString, values);
    case parquet::Type::INT32:
      return AppendTexts(static_cast<parquet::Int32Reader&>(reader), whole, number, values);
    default:
      return AppendTexts(static_cast<parquet::Int64Reader&>(reader), whole, number, values);
  }
}

class ArrowFile : public ParquetFile {
 public:
  ArrowFile(std::string path, int64_t size, std::shared_ptr<const Files> files)
      : path_(std::move(path)), size_(size), files_(std::move(files)) {}

  absl::Status Open() {
    return Try([&](parquet::ParquetFileReader& reader) {
      metadata_ = reader.metadata();
      for (int i = 0; i < metadata_->num_columns(); ++i) {
        const parquet::ColumnDescriptor* column = metadata_->schema()->Column(i);
        const bool flat = column->max_repetition_level() == 0;
        const parquet::Type::type type = column->physical_type();
        columns_.push_back(
            {column->path()->ToDotString(), flat && type == parquet::Type::BYTE_ARRAY,
             flat && (type == parquet::Type::INT32 || type == parquet::Type::INT64)});
      }
      for (int i = 0; i < metadata_->num_row_groups(); ++i) {
        starts_.push_back(starts_.back() + metadata_->RowGroup(i)->num_rows());
      }
    });
  }

  const std::vector<ParquetColumn>& Columns() const override { return columns_; }
  int64_t rows() const override { return starts_.back(); }

  std::string Note(const std::string& key) const override {
    const auto notes = metadata_->key_value_metadata();
    return notes != nullptr ? notes->Get(key).ValueOr("") : "";
  }

  absl::StatusOr<Values> Texts(size_t column) const override {
    Values values;
    RETURN_IF_ERROR(Try([&](parquet::ParquetFileReader& reader) {
      for (int i = 0; i < metadata_->num_row_groups(); ++i) {
        AppendTexts(*reader.RowGroup(i)->Column(static_cast<int>(column)), &values);
      }
    }));
    return std::ssize(values) == rows() ? absl::StatusOr<Values>(std::move(values))
                                        : Damaged("a column ends before its last row");
  }

  absl::StatusOr<std::optional<std::string>> Bytes(size_t column, int64_t row) const override {
    const auto group = std::ranges::upper_bound(starts_, row) - 1;
    std::optional<std::string> value;
    RETURN_IF_ERROR(Try([&](parquet::ParquetFileReader& reader) {
      const int index = static_cast<int>(column);
      const auto chunk = reader.RowGroup(static_cast<int>(group - starts_.begin()));
      std::unique_ptr<parquet::PageReader> pages = chunk->GetColumnPageReader(index);
      int64_t left = row - *group;  // rows before it on its page, once that is found
      bool found = false;
      pages->set_data_page_filter([&](const parquet::DataPageStats& page) {
        found = found || left < page.num_values;
        left -= found ? 0 : page.num_values;
        return !found;
      });
      const auto values =
          parquet::ColumnReader::Make(metadata_->schema()->Column(index), std::move(pages));
      auto& bytes = static_cast<parquet::ByteArrayReader&>(*values);
      if (bytes.HasNext()) {
        bytes.Skip(left);
        int16_t level = 0;
        int64_t present = 0;
        parquet::ByteArray one;
        bytes.ReadBatch(1, &level, nullptr, &one, &present);
        value = present == 1 ? std::optional(ToString(one)) : std::nullopt;
      }
    }));
    return value;
  }

 private:
  absl::Status Damaged(std::string_view reason) const {
    return absl::DataLossError(
        absl::StrCat("'", path_, "' is a damaged Parquet file: ", std::string(reason)));
  }

  // Each call has a reader of its own, which shares the metadata once that is read.
  template <class Work>
  absl::Status Try(const Work& work) const {
    const auto input = std::make_shared<Input>(path_, size_, files_);
    try {
      parquet::ReaderProperties properties = parquet::default_reader_properties();
      properties.enable_buffered_stream();
      work(*parquet::ParquetFileReader::Open(input, properties, metadata_));
    } catch (const std::exception& error) {
      return input->failure().ok() ? Damaged(error.what()) : input->failure();
    }
    return absl::OkStatus();
  }

  std::string path_;
  int64_t size_;
  std::shared_ptr<const Files> files_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::vector<ParquetColumn> columns_;
  std::vector<int64_t> starts_ = {0};  // of row groups, and the number of all rows
};

}  // namespace

absl::StatusOr<std::unique_ptr<ParquetFile>> OpenParquetFile(const std::string& path,
                                                             std::shared_ptr<const Files> files) {
  ASSIGN_OR_RETURN(const FileStamp stamp, files->Stamp(path));
  auto file = std::make_unique<ArrowFile>(path, stamp.bytes, std::move(files));
  RETURN_IF_ERROR(file->Open());
  return file;
}

}  // namespace tessera
