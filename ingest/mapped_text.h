// MappedText: rows of CSV, TSV or fixed-width text to events, as a mapping file says
// (docs/mapping.md).
//
// A bad row costs that row: a refusal with the line number as index and the column's name as
// `where`. Rows that a filter of the mapping drops are counted under the filter's name. Same batch
// as JSON gives. Pure function of the bytes and the mapping. Holds the header between calls: one
// per file, one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "ingest/batch.h"
#include "ingest/mapping.h"

namespace ingest {

class MappedText {
 public:
  // `mapping` must outlive this and every batch filled from it.
  explicit MappedText(const Mapping& mapping);
  ~MappedText();

  // Instead of the mapping's own source.
  void speak_for(const SourceOptions& options);

  // `text` is the file, or the next piece of it cut at the end of a row. Views point into it.
  // False: the file cannot be read with this mapping (its header lacks a column); the batch holds
  // the one refusal.
  bool read(std::string_view text, core::Time now, Batch& batch);

  std::uint64_t rows() const;  // data rows seen so far, whatever became of them

 private:
  struct Reader;
  std::unique_ptr<Reader> reader_;
};

}  // namespace ingest
