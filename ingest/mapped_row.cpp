#include "ingest/mapped_row.h"

#include <algorithm>
#include <charconv>

namespace ingest {

namespace {

// Seconds with a fraction, whole milliseconds, or h:mm:ss, to ms; negative ones too.
std::optional<std::int64_t> read_duration(std::string_view text, DurationUnit unit) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::int64_t total = 0;
  for (int part = 0;; ++part) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value < 0 || value > 1'000'000'000'000) return std::nullopt;
    if (part > 0 && value > 59) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    total = total * 60 + value;
    if (unit != DurationUnit::clock || part == 2 || !text.starts_with(':')) break;
    text.remove_prefix(1);
  }
  if (unit != DurationUnit::milliseconds) {
    total *= 1000;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      std::int64_t scale = 100;
      if (text.empty() || text.size() > 9) return std::nullopt;
      for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; scale /= 10) {
        total += (text[0] - '0') * scale;
        text.remove_prefix(1);
      }
    }
  }
  if (!text.empty()) return std::nullopt;
  return negative ? -total : total;
}

std::optional<std::int64_t> read_whole(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What is not there cuts nothing.
std::string_view cut(std::string_view text, const ValuePlan& value) {
  if (!value.after.empty()) {
    if (const std::size_t at = text.find(value.after); at != text.npos) text.remove_prefix(at + value.after.size());
  }
  if (!value.before.empty()) text = text.substr(0, text.find(value.before));
  return text;
}

}  // namespace

bool MappedRow::all_hold(const std::vector<Condition>& conditions) const {
  return std::all_of(conditions.begin(), conditions.end(), [this](const Condition& c) { return holds(c); });
}

bool MappedRow::is_null(int i) const { return contains(column(i).null, cell(i)); }

bool MappedRow::fail(const char* code, std::string message, const FieldPlan& f) {
  error_ = {code, std::move(message), f.column == kNoColumn ? std::string(name(f.key)) : column(f.column).name};
  return false;
}

bool MappedRow::tell(std::size_t line, bool own_items, core::Time now, Batch& batch) {
  line_ = line;
  now_ = now;
  for (const Filter& filter : plan_.filters) {
    if (!all_hold(filter.drop_when)) continue;
    ++batch.filtered[filter.name];
    return true;
  }
  const std::size_t events = batch.events.size();
  const std::size_t accepted = batch.accepted;
  const std::size_t clamped = batch.clamped;
  for (const EventPlan& e : plan_.events) {
    if (!all_hold(e.when) || event(e, own_items ? batch.accepted : line, batch)) continue;
    batch.events.resize(events);
    batch.items.resize(events);
    batch.accepted = accepted;
    batch.clamped = clamped;
    batch.refuse(line, std::move(error_));
    return false;
  }
  if (batch.events.size() == events) {
    ++batch.filtered["no_event"];
  } else if (!own_items) {
    batch.accepted = accepted + 1;
  }
  return true;
}

bool MappedRow::event(const EventPlan& e, std::size_t item, Batch& batch) {
  fields_.clear();
  for (const FieldPlan& f : e.fields) {
    if (!field(f, batch)) return false;
  }
  if (assemble(fields_, item, options_, now_, batch, fault_)) return true;
  FieldPlan at{fault_.key, {}, kNoColumn};
  for (const FieldPlan& f : e.fields) {
    if (f.key == fault_.key) at.column = f.column;
  }
  fail(fault_.code, fault_.message, at);
  if (fault_.key == Key::none) error_.where.clear();
  return false;
}

bool MappedRow::field(const FieldPlan& f, Batch& batch) {
  std::optional<std::string_view> text;
  const Reading* reading = &f.value.reading;
  if (!evaluate(f.value, batch.arena, text, reading)) {
    return fail("bad_value", "not a word the mapping knows", f);
  }
  return !text || put(f, *reading, *text, batch);
}

bool MappedRow::put(const FieldPlan& f, const Reading& reading, std::string_view text,
                             Batch& batch) {
  switch (kind_of(f.key)) {
    case Kind::instant: {
      const auto time = instant(reading, text, batch.arena);
      if (!time) return fail("bad_time", "does not fit the time format", f);
      fields_.item.put(f.key, *time);
      return true;
    }
    case Kind::duration: {
      const auto ms = read_duration(text, reading.unit);
      if (!ms) return fail("bad_duration", "not a duration in the unit of the mapping", f);
      if (fields_.put_duration(fields_.item, f.key, *ms)) return true;
      return fail("bad_duration", "longer than 7 days", f);
    }
    case Kind::whole: {
      const auto number = read_whole(text);
      if (!number) return fail("wrong_type", "must be a whole number", f);
      fields_.item.put(f.key, *number);
      return true;
    }
    case Kind::boolean: {
      const bool yes = text == "true" || text == "1";
      if (!yes && text != "false" && text != "0") {
        return fail("wrong_type", "must be true, false, 1 or 0", f);
      }
      fields_.item.put(f.key, yes ? std::int64_t{1} : std::int64_t{0});
      return true;
    }
    case Kind::words: {
      const char* code = words_fault(text);
      if (code) return fail(code, "not words with commas between, 1024 bytes together at most", f);
      if (!text.empty()) fields_.item.put_words(f.key, text);
      return true;
    }
    default: break;
  }
  if (const char* code = text_fault(text)) {
    return fail(code, "not a text of at most 128 bytes without control characters", f);
  }
  fields_.item.put(f.key, text);
  return true;
}

std::optional<TimeFormat::Reading> MappedRow::wall(const Reading& reading,
                                                            std::string_view text, Arena& arena) {
  const auto first = [&](std::string_view whole) -> std::optional<TimeFormat::Reading> {
    for (const TimeFormat& format : reading.formats) {
      if (const auto read = format.read(whole)) return read;
    }
    return std::nullopt;
  };
  if (reading.date == kNoColumn) return first(text);
  const std::string_view date = cell(reading.date);
  char* const place = arena.take(date.size() + 1 + text.size());
  char* p = std::copy(date.begin(), date.end(), place);
  *p++ = ' ';
  p = std::copy(text.begin(), text.end(), p);
  const auto size = static_cast<std::size_t>(p - place);
  const auto result = first({place, size});
  arena.shrink(size);
  return result;
}

std::optional<core::Time> MappedRow::instant(const Reading& reading,
                                                      std::string_view text, Arena& arena) {
  const auto read = wall(reading, text, arena);
  if (!read) return std::nullopt;
  // Epoch numbers reach far beyond every calendar; they must not overflow in the zone's arithmetic.
  if (!read->local) return read->time;
  core::Time local = read->time;
  if (reading.not_before != kNoColumn) {
    const auto earliest = wall(reading, cell(reading.not_before), arena);
    if (!earliest) return std::nullopt;
    if (local < earliest->time) local += windows::kDay;
  }
  return plan_.zone.from_local(local);
}

bool MappedRow::evaluate(const ValuePlan& value, Arena& arena,
                                  std::optional<std::string_view>& text,
                                  const Reading*& reading) {
  text.reset();
  reading = &value.reading;
  if (all_hold(value.when)) {
    if (value.alternatives.empty()) {
      text = join(value, arena);
    } else {
      for (const ValuePlan& alternative : value.alternatives) {
        if (!evaluate(alternative, arena, text, reading)) return false;
        if (text) break;
      }
    }
  }
  if (text) text = cut(*text, value);
  if (text && !value.map.empty()) {
    const auto found = std::find_if(value.map.begin(), value.map.end(),
                                    [&](const auto& pair) { return pair.first == *text; });
    if (found != value.map.end()) {
      text = found->second;
    } else if (value.unmapped == ValuePlan::Unmapped::refuse) {
      return false;
    } else if (value.unmapped == ValuePlan::Unmapped::null) {
      text.reset();
    }
  }
  if (!text && value.otherwise) text = *value.otherwise;
  return true;
}

std::optional<std::string_view> MappedRow::join(const ValuePlan& value, Arena& arena) {
  std::size_t size = 0;
  for (const auto& piece : value.pieces) {
    if (piece.column == kNoColumn) {
      size += piece.literal.size() + (piece.line_number ? 20 : 0);
      continue;
    }
    const std::string_view text = cell(piece.column);
    if (value.null ? contains(*value.null, text) : is_null(piece.column)) return std::nullopt;
    size += text.size();
  }
  if (value.pieces.empty()) return std::string_view();
  const auto& only = value.pieces.front();
  if (value.pieces.size() == 1 && !only.line_number) {
    return only.column == kNoColumn ? std::string_view(only.literal) : cell(only.column);
  }
  char* const place = arena.take(size);
  char* p = place;
  for (const auto& piece : value.pieces) {
    if (piece.line_number) {
      p = std::to_chars(p, place + size, line_).ptr;
      continue;
    }
    const std::string_view text =
        piece.column == kNoColumn ? std::string_view(piece.literal) : cell(piece.column);
    p = std::copy(text.begin(), text.end(), p);
  }
  const auto used = static_cast<std::size_t>(p - place);
  arena.shrink(size - used);
  return std::string_view(place, used);
}

bool MappedRow::holds(const Condition& c) const {
  using Op = Condition::Op;
  switch (c.op) {
    case Op::is_null: return is_null(c.column);
    case Op::not_null: return !is_null(c.column);
    case Op::one_of: return contains(c.words, cell(c.column));
    case Op::none_of: return !contains(c.words, cell(c.column));
    case Op::begins_with:
      return std::any_of(c.words.begin(), c.words.end(),
                         [&](const std::string& word) { return cell(c.column).starts_with(word); });
    case Op::contains:
      return std::any_of(c.words.begin(), c.words.end(),
                         [&](const std::string& word) { return cell(c.column).find(word) != std::string_view::npos; });
    case Op::less: {
      const auto number = read_whole(cell(c.column));
      return number && *number < c.number;
    }
    case Op::greater: {
      const auto number = read_whole(cell(c.column));
      return number && *number > c.number;
    }
    case Op::all: return all_hold(c.parts);
    case Op::any:
      return std::any_of(c.parts.begin(), c.parts.end(),
                         [this](const Condition& part) { return holds(part); });
    case Op::negated: return !all_hold(c.parts);
  }
  return false;
}

}  // namespace ingest
