// 3CX call data records: one line per segment of a call, over TCP or in files (docs/sources/3cx.md).
// Source: 3CX's page on CDR and public receivers; the order of the fields is what the administrator chose, so it is
// configuration here (`fields`) and every line is checked against it. Before the first field, whichever that is,
// stands "Call ". Words changed their spelling between versions ("TerminatedBySrc", "src_participant_terminated").
//
// time-answered of a segment that goes to a queue is when the queue picked up, not when an agent did: the agent's
// answer is in the segment to the agent's extension. What a segment goes to is said by the configuration
// (`queue_numbers`, `menu_numbers`), by to-type, by reason-changed ("QFwd…"), and otherwise by how the number looks.
#include <algorithm>
#include <array>

#include "ingest/csv_line.h"
#include "ingest/formats_made.h"
#include "ingest/message_format.h"
#include "ingest/time_format.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

enum class Field : std::uint8_t {
  history_id, call_id, duration, time_start, time_answered, time_end, reason_terminated, from_no, to_no, from_dn,
  to_dn, dial_no, reason_changed, final_number, final_dn, bill_code, bill_rate, bill_cost, bill_name, chain, from_type,
  to_type, final_type, from_name, to_name, final_name, missed_queue_calls,
};

// 3CX's names, in the order seen most.
constexpr std::array<std::string_view, 27> kNames = {
    "historyid",      "callid",       "duration",       "time-start",    "time-answered",   "time-end",
    "reason-terminated", "from-no",   "to-no",          "from-dn",       "to-dn",           "dial-no",
    "reason-changed", "final-number", "final-dn",       "bill-code",     "bill-rate",       "bill-cost",
    "bill-name",      "chain",        "from-type",      "to-type",       "final-type",      "from-dispname",
    "to-dispname",    "final-dispname", "missed-queue-calls"};

std::string_view name_of(Field field) { return kNames[static_cast<std::size_t>(field)]; }

bool holds_number(Field field) {
  switch (field) {
    case Field::from_no:
    case Field::to_no:
    case Field::from_dn:
    case Field::to_dn:
    case Field::dial_no:
    case Field::final_number:
    case Field::final_dn:
      return true;
    default:
      return false;
  }
}

bool holds_time(Field field) {
  return field == Field::time_start || field == Field::time_answered || field == Field::time_end;
}

bool free_text(Field field) {
  return field == Field::from_name || field == Field::to_name || field == Field::final_name ||
         field == Field::bill_name || field == Field::missed_queue_calls;
}

// What stands at an end of a segment.
enum class End : std::uint8_t { nobody, agent, queue, menu, voicemail, outside };

class ThreeCxCdr : public MessageFormat {
 public:
  explicit ThreeCxCdr(FormatOptions options) : MessageFormat(std::move(options)) { fault_ = read_order(); }

  const std::string& order_fault() const { return fault_; }  // empty: good

 protected:
  void message(const Message& message) override;

 private:
  std::string read_order();
  std::string_view cell(Field field) const {
    const int column = column_[static_cast<std::size_t>(field)];
    return column >= 0 && static_cast<std::size_t>(column) < cells_.size() ? std::string_view(cells_[column])
                                                                           : std::string_view();
  }
  // Without "Ext.", from the first that is given.
  std::string_view number(Field first, Field second) const;
  std::optional<Time> read_time(std::string_view text) const;
  bool in_order();
  bool time(Field field, Time& at);
  bool is_queue(std::string_view number) const;
  End end_of(std::string_view number, std::string_view type, std::string_view dialled) const;
  void queue_segment(std::string_view call);
  void agent_segment(std::string_view call, std::string_view extension, bool rang);

  TimeFormat slashes_ = *TimeFormat::parse("%Y/%m/%d %H:%M:%S");
  TimeFormat dashes_ = *TimeFormat::parse("%Y-%m-%d %H:%M:%S");
  std::vector<Field> order_;
  std::array<int, kNames.size()> column_{};  // of each field; -1: not sent
  std::string fault_;
  std::vector<std::string> cells_;
  Time start_ = kNever, answered_ = kNever, end_ = kNever;
};

std::string ThreeCxCdr::read_order() {
  column_.fill(-1);
  std::vector<std::string> names(kNames.begin(), kNames.end());
  if (const auto given = options().more.find("fields"); given != options().more.end()) names = given->second;
  for (const std::string& name : names) {
    const auto known = std::find(kNames.begin(), kNames.end(), name);
    if (known == kNames.end()) return "3CX has no field " + name;
    int& column = column_[static_cast<std::size_t>(known - kNames.begin())];
    if (column >= 0) return name + " is listed twice";
    column = static_cast<int>(order_.size());
    order_.push_back(static_cast<Field>(known - kNames.begin()));
  }
  const auto has = [&](Field field) { return column_[static_cast<std::size_t>(field)] >= 0; };
  for (const Field needed : {Field::time_start, Field::time_answered, Field::time_end, Field::to_dn}) {
    if (!has(needed)) return "fields must have " + std::string(name_of(needed));
  }
  if (!has(Field::call_id) && !has(Field::history_id)) return "fields must have callid: it is what joins segments";
  return {};
}

// "Ext.504": the number, and that it is one of ours.
std::string_view without_prefix(std::string_view number) {
  const std::size_t dot = number.find('.');
  return dot == std::string_view::npos ? number : number.substr(dot + 1);
}

bool is_extension(std::string_view number) {
  return number.starts_with("Ext.") || (!number.empty() && number.size() <= 5 && whole(number).has_value());
}

std::string_view ThreeCxCdr::number(Field first, Field second) const {
  return without_prefix(cell(first).empty() ? cell(second) : cell(first));
}

bool begins_any(std::string_view word, std::initializer_list<std::string_view> stems) {
  return std::any_of(stems.begin(), stems.end(), [&](std::string_view stem) { return word.starts_with(stem); });
}

std::optional<Time> ThreeCxCdr::read_time(std::string_view text) const {
  auto read = slashes_.read(text);
  if (!read) read = dashes_.read(text);
  if (!read) return std::nullopt;
  return read->time;
}

// Whether the line can be in the configured order: what can only stand in one column stands there.
bool ThreeCxCdr::in_order() {
  for (std::size_t i = 0; i < order_.size() && i < cells_.size(); ++i) {
    const std::string_view text = cells_[i];
    const Field field = order_[i];
    if (text.empty() || free_text(field)) continue;
    const char* what = nullptr;
    if (!holds_time(field) && text[0] >= '0' && text[0] <= '9' && read_time(text)) what = "a time";
    else if (field != Field::chain && text.starts_with("Chain:")) what = "the chain";
    else if (!holds_number(field) && field != Field::chain && text.starts_with("Ext.")) what = "an extension";
    if (what == nullptr) continue;
    refuse("bad_order", std::string(what) + " where " + std::string(name_of(field)) +
                            " should be: compare fields with the order of the output fields in 3CX",
           std::string(name_of(field)));
    return false;
  }
  return true;
}

bool ThreeCxCdr::time(Field field, Time& at) {
  at = kNever;
  const std::string_view text = cell(field);
  if (text.empty()) return true;
  const auto read = read_time(text);
  if (!read) {
    refuse("bad_time", "not YYYY/MM/DD HH:MM:SS", std::string(name_of(field)));
    return false;
  }
  at = options().zone.from_local(*read);
  return true;
}

bool ThreeCxCdr::is_queue(std::string_view number) const {
  return listed("queue_numbers", number) || options().queues.contains(number);
}

// `dialled`: the number beside it, which is the other side's own where this one is a line to the outside.
End ThreeCxCdr::end_of(std::string_view number, std::string_view type, std::string_view dialled) const {
  const std::string_view plain = without_prefix(number.empty() ? dialled : number);
  if (plain.empty()) return End::nobody;
  if (is_queue(plain)) return End::queue;
  if (listed("menu_numbers", plain)) return End::menu;
  const std::string word = lower(type);
  if (!word.empty()) {
    if (begins_any(word, {"queue", "ring", "group", "hunt"})) return End::queue;
    if (begins_any(word, {"voicemail", "vmail", "vm"})) return End::voicemail;
    if (begins_any(word, {"ext", "user"})) return End::agent;
    if (begins_any(word, {"line", "external", "provider", "outbound", "gateway", "trunk", "bridge"}))
      return End::outside;
    return End::menu;  // digital receptionists, scripts, conferences, parking, fax
  }
  if (!dialled.empty()) return is_extension(dialled) ? End::agent : End::outside;
  return is_extension(number) ? End::agent : End::outside;
}

void ThreeCxCdr::message(const Message& message) {
  std::string_view line = message.bytes;
  if (line.starts_with("historyid") || line.starts_with("time-start") || line.starts_with("callid"))
    return silent();  // a heading in a file
  if (line.starts_with("Call ")) line.remove_prefix(5);
  if (!csv_cells(line, cells_)) return refuse("malformed", "a quote that is not closed");
  if (!in_order()) return;
  const bool timed =
      time(Field::time_start, start_) && time(Field::time_answered, answered_) && time(Field::time_end, end_);
  if (!timed) return;
  if (start_ == kNever || end_ == kNever) return refuse("missing_field", "a record without time-start or time-end");
  const std::string_view id = !cell(Field::call_id).empty() ? cell(Field::call_id) : cell(Field::history_id);
  if (id.empty()) return refuse("missing_field", "a record without callid", "callid");
  const std::string_view call = subject(id);

  const End from = end_of(cell(Field::from_dn), cell(Field::from_type), cell(Field::from_no));
  End to = end_of(cell(Field::to_dn), cell(Field::to_type), cell(Field::to_no));
  if (begins_any(cell(Field::reason_changed), {"QFwd"})) to = End::queue;
  const bool from_us = from == End::agent;
  core::Event& started = add(EventType::call_started, start_, call);
  started.text = !from_us ? "inbound" : to == End::outside ? "outbound" : "internal";
  if (!from_us) started.customer = customer_number(cell(Field::from_no));
  const std::string_view to_dn = number(Field::to_dn, Field::to_no);
  switch (to) {
    case End::queue:
      queue_segment(call);
      break;
    case End::agent:
      agent_segment(call, to_dn, true);
      break;
    case End::voicemail:
      add(EventType::call_left, answered_ != kNever ? answered_ : start_, call).text = "voicemail";
      break;
    case End::outside:
      if (from_us) {
        agent_segment(call, number(Field::from_dn, Field::from_no), false);
        break;
      }
      [[fallthrough]];
    case End::menu:
    case End::nobody:
      add(EventType::call_lost, end_, call);
  }
  done(content_id(line));
}

void ThreeCxCdr::queue_segment(std::string_view call) {
  const std::string_view number = this->number(Field::to_dn, Field::to_no);
  const std::string_view name = queue(number);
  const Time queued = answered_ != kNever ? answered_ : start_;
  add(EventType::call_queued, queued, call).queue = name;
  const std::string_view final_dn = without_prefix(cell(Field::final_dn));
  const bool passed_on = !final_dn.empty() && final_dn != number;
  const std::string why = lower(cell(Field::reason_terminated));
  if (!passed_on && (begins_any(why, {"terminatedbysrc", "src_participant"}) || why.find("cancel") != why.npos)) {
    core::Event& gone = add(EventType::call_abandoned, end_, call);
    gone.queue = name;
    gone.value = duration(end_ - queued);
    return;
  }
  // Who took it says so in a segment of its own. If none comes, nobody knows more than that it was over.
  add(EventType::call_lost, end_, call);
}

// `rang`: the agent was called; otherwise the agent called somebody.
void ThreeCxCdr::agent_segment(std::string_view call, std::string_view extension, bool rang) {
  const std::string_view who = agent(extension);
  if (rang && !who.empty()) add(EventType::call_offered, start_, call).agent = who;
  if (answered_ == kNever || who.empty()) {
    if (rang && !who.empty()) {
      core::Event& missed = add(EventType::call_no_answer, end_, call);
      missed.agent = who;
      missed.value = duration(end_ - start_);
    }
    add(EventType::call_lost, end_, call);
    return;
  }
  add(EventType::call_answered, answered_, call).agent = who;
  // ReplacedSrc: somebody handed a caller over to this agent, and what follows is in the caller's next segment.
  const std::string_view changed = cell(Field::reason_changed);
  if (changed.starts_with("ReplacedSrc")) {
    add(EventType::call_lost, end_, call);
    return;
  }
  const bool passed_on = changed.starts_with("ReplacedDst");
  core::Event& over = add(passed_on ? EventType::call_transferred : EventType::call_ended, end_, call);
  over.agent = who;
  if (passed_on) over.text = "attended";
  over.value = duration(end_ - answered_);
}

}  // namespace

MadeFormat make_threecx_cdr(FormatOptions options) {
  auto format = std::make_unique<ThreeCxCdr>(std::move(options));
  if (!format->order_fault().empty()) return core::Error{"bad_option", format->order_fault(), "fields"};
  return std::unique_ptr<Format>(std::move(format));
}

}  // namespace ingest
