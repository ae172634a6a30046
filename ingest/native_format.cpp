#include "ingest/native_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "ingest/json_events.h"
#include "ingest/mapped_text.h"
#include "ingest/message_format.h"

namespace ingest {
namespace {

// Whatever it says, it can say: who writes native events or a mapping knows what is in them.
constexpr auto kEverything = [] {
  std::array<Capability, kAbilities> all{};
  for (int i = 0; i < kAbilities; ++i) all[static_cast<std::size_t>(i)] = {static_cast<Ability>(i), Grade::configured};
  return all;
}();

SourceOptions source_options(const FormatOptions& options) {
  SourceOptions out;
  out.source = options.source;
  out.authority = options.authority;
  out.max_ahead = options.max_ahead;
  out.accept_from = options.accept_from;
  return out;
}

void keep_remainder(const Message& message, Intake& out, std::size_t refused_before) {
  if (out.batch.refused == refused_before) return;
  const auto& refusals = out.batch.refusals;
  core::Error why{"refused", "more than a batch can name", ""};
  if (!refusals.empty()) why = refusals.back().error;
  out.remainders.push_back({std::string(message.bytes), std::move(why)});
}

// Who writes native events writes our names already: the tables are for those who do not, and nothing is reported as
// missing in them. The same with pseudonyms of customers.
class RingsideFormat : public MessageFormat {
 public:
  using MessageFormat::MessageFormat;

 protected:
  void message(const Message& message) override {
    const std::size_t events = out().batch.events.size();
    const std::size_t refused = out().batch.refused;
    parser_.native(message.bytes, out().messages - 1, source_options(options()), now(), out().batch);
    adopt(events, Adopt::as_ours);
    keep_remainder(message, out(), refused);
  }

 private:
  JsonEvents parser_;
};

class MappedTextFormat : public MessageFormat {
 public:
  MappedTextFormat(FormatOptions options, Mapping mapping)
      : MessageFormat(std::move(options)), mapping_(std::move(mapping)), reader_(std::in_place, mapping_) {
    reader_->speak_for(source_options(this->options()));
  }

  std::string memory() const override {
    return lines_ == 0 ? std::string() : std::to_string(lines_) + "\n" + head_;
  }

  core::Status remember(std::string_view text) override {
    if (text.empty()) return core::Done{};
    std::uint64_t lines = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), lines);
    if (error != std::errc() || end == text.data() + text.size() || *end != '\n' || lines == 0) {
      return core::Error{"bad_memory", "not the memory of mapped text", ""};
    }
    restart();
    const std::string_view head = text.substr(static_cast<std::size_t>(end - text.data()) + 1);
    Batch nothing;
    for (std::size_t at = 0; at < head.size();) {
      const std::size_t stop = std::min(head.find('\n', at), head.size());
      line(head.substr(at, stop - at), 0, nothing);
      at = stop + 1;
    }
    // The lines since only count.
    const std::string blank(4'096, '\n');
    while (lines_ < lines) {
      const auto some = std::min<std::uint64_t>(lines - lines_, blank.size());
      reader_->read(std::string_view(blank).substr(0, some), 0, nothing);
      lines_ += some;
      rows_begun_ = true;
    }
    return core::Done{};
  }

 protected:
  void message(const Message& message) override {
    if (in_head(message.bytes)) return silent();
    const std::size_t events = out().batch.events.size();
    const std::size_t refused = out().batch.refused;
    const bool usable = line(message.bytes, now(), out().batch);
    adopt(events);
    keep_remainder(message, out(), refused);
    if (!usable) restart();  // with another header, perhaps
  }

 private:
  bool line(std::string_view bytes, core::Time now, Batch& batch) {
    ++lines_;
    std::string row(bytes);
    row += '\n';
    const bool usable = reader_->read(batch.arena.keep(row), now, batch);
    if (reader_->rows() == 0 && !rows_begun_) {
      head_ += row;
    } else {
      rows_begun_ = true;
    }
    return usable;
  }
  // Whether it is one of the lines before the first row: another file with the same header has begun.
  bool in_head(std::string_view bytes) const {
    const std::string row = "\n" + std::string(bytes) + "\n";
    return rows_begun_ && !bytes.empty() && ("\n" + head_).find(row) != std::string::npos;
  }
  void restart() {
    reader_.emplace(mapping_);
    reader_->speak_for(source_options(options()));
    lines_ = 0;
    head_.clear();
    rows_begun_ = false;
  }

  const Mapping mapping_;
  std::optional<MappedText> reader_;
  std::uint64_t lines_ = 0;
  bool rows_begun_ = false;
  std::string head_;  // what came before the first row
};

core::Result<std::unique_ptr<Format>> make_ringside(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<RingsideFormat>(std::move(options)));
}

core::Result<std::unique_ptr<Format>> make_mapped_text(FormatOptions options) {
  auto mapping = Mapping::parse(options.mapping);
  if (!mapping) return mapping.error();
  return std::unique_ptr<Format>(std::make_unique<MappedTextFormat>(std::move(options), std::move(*mapping)));
}

}  // namespace

const FormatInfo& ringside_format() {
  static constexpr FormatInfo kInfo{"ringside", "Native events, one to a line", Framing::lines, kEverything,
                                    {},         false,                          make_ringside};
  return kInfo;
}

const FormatInfo& mapped_text_format() {
  static constexpr FormatInfo kInfo{"mapped_text", "Rows of text by a mapping", Framing::lines,  kEverything,
                                    {},            true,                        make_mapped_text};
  return kInfo;
}

}  // namespace ingest
