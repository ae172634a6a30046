// 3CX call data records: one line per segment of a call, over TCP or in files (docs/sources/3cx.md).
// Source: 3CX's page on CDR; the order of the fields is what the administrator chose, so it is configuration here
// (`fields`) and every line is checked against it.
//
// time-answered of a segment that goes to a queue is when the queue picked up, not when an agent did: the agent's
// answer is in the segment to the agent's extension. A queue is a number listed in `queue_numbers`, one with
// to-type "queue", or one whose segment was changed by a queue (reason-changed "QFwd…").
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

// The order seen most.
constexpr std::array<std::string_view, 27> kOrder = {
    "historyid",      "callid",       "duration",       "time-start",    "time-answered",   "time-end",
    "reason-terminated", "from-no",   "to-no",          "from-dn",       "to-dn",           "dial-no",
    "reason-changed", "final-number", "final-dn",       "bill-code",     "bill-rate",       "bill-cost",
    "bill-name",      "chain",        "from-type",      "to-type",       "final-type",      "from-dispname",
    "to-dispname",    "final-dispname", "missed-queue-calls"};

class ThreeCxCdr : public MessageFormat {
 public:
  explicit ThreeCxCdr(FormatOptions options) : MessageFormat(std::move(options)) {
    const auto given = this->options().more.find("fields");
    if (given != this->options().more.end()) {
      order_ = given->second;
    } else {
      order_.assign(kOrder.begin(), kOrder.end());
    }
  }

  // Empty: good.
  std::string order_fault() const {
    for (const std::string_view needed : {"callid", "time-start", "time-answered", "time-end", "to-dn"}) {
      if (std::find(order_.begin(), order_.end(), needed) == order_.end())
        return "fields must have " + std::string(needed);
    }
    for (const std::string& name : order_) {
      if (std::find(kOrder.begin(), kOrder.end(), name) == kOrder.end()) return "3CX has no field " + name;
      if (std::count(order_.begin(), order_.end(), name) > 1) return name + " is listed twice";
    }
    return {};
  }

 protected:
  void message(const Message& message) override;

 private:
  std::string_view cell(std::string_view name) const {
    for (std::size_t i = 0; i < order_.size() && i < cells_.size(); ++i) {
      if (order_[i] == name) return cells_[i];
    }
    return {};
  }
  bool time(std::string_view name, Time& at);
  bool is_queue(std::string_view number) const;
  bool to_queue() const;
  void queue_segment(std::string_view call);
  void agent_segment(std::string_view call, std::string_view extension);

  TimeFormat slashes_ = *TimeFormat::parse("%Y/%m/%d %H:%M:%S");
  TimeFormat dashes_ = *TimeFormat::parse("%Y-%m-%d %H:%M:%S");
  std::vector<std::string> order_;
  std::vector<std::string> cells_;
  Time start_ = kNever, answered_ = kNever, end_ = kNever;
};

std::string_view without_ext(std::string_view number) {
  return number.starts_with("Ext.") ? number.substr(4) : number;
}

bool is_extension(std::string_view number) {
  return number.starts_with("Ext.") || (!number.empty() && number.size() <= 5 && whole(number).has_value());
}

bool ThreeCxCdr::time(std::string_view name, Time& at) {
  at = kNever;
  const std::string_view text = cell(name);
  if (text.empty()) return true;
  auto read = slashes_.read(text);
  if (!read) read = dashes_.read(text);
  if (!read) {
    // What most often is behind it is another order than the configured one.
    for (std::size_t i = 0; i < order_.size() && i < cells_.size(); ++i) {
      if (order_[i].starts_with("time-") || !slashes_.read(cells_[i])) continue;
      refuse("bad_order", "no time where " + std::string(name) + " should be, but one where " + order_[i] +
                              " should be: compare fields with the order under Reporting > CDR", std::string(name));
      return false;
    }
    refuse("bad_time", "not YYYY/MM/DD HH:MM:SS", std::string(name));
    return false;
  }
  at = options().zone.from_local(read->time);
  return true;
}

bool ThreeCxCdr::is_queue(std::string_view number) const {
  return listed("queue_numbers", number) || options().queues.contains(number);
}

bool ThreeCxCdr::to_queue() const {
  return is_queue(cell("to-dn")) || lower(cell("to-type")).find("queue") != std::string::npos ||
         cell("reason-changed").starts_with("QFwd");
}

void ThreeCxCdr::message(const Message& message) {
  std::string_view line = message.bytes;
  if (line.starts_with("historyid") || line.starts_with("time-start")) return silent();  // a heading in a file
  if (!csv_cells(line, cells_)) return refuse("malformed", "a quote that is not closed");
  if (!time("time-start", start_) || !time("time-answered", answered_) || !time("time-end", end_)) return;
  if (start_ == kNever || end_ == kNever) return refuse("missing_field", "a record without time-start or time-end");
  const std::string_view id = cell("callid");
  if (id.empty()) return refuse("missing_field", "a record without callid", "callid");
  const std::string_view call = subject(id);

  const bool from_us = is_extension(cell("from-no")) || (cell("from-no").empty() && is_extension(cell("from-dn")));
  const std::string_view to_dn = without_ext(cell("to-dn"));
  const bool to_us = to_queue() || is_extension(to_dn) || cell("to-no").starts_with("Ext.");
  core::Event& started = add(EventType::call_started, start_, call);
  started.text = !from_us ? "inbound" : to_us ? "internal" : "outbound";
  if (!from_us) started.customer = customer_number(cell("from-no"));
  if (to_queue()) queue_segment(call);
  else if (from_us && !to_us)
    agent_segment(call, without_ext(cell("from-dn").empty() ? cell("from-no") : cell("from-dn")));
  else agent_segment(call, to_dn.empty() ? without_ext(cell("to-no")) : to_dn);
  done(content_id(message.bytes));
}

void ThreeCxCdr::queue_segment(std::string_view call) {
  const std::string_view number = without_ext(cell("to-dn"));
  const std::string_view name = queue(number);
  const Time queued = answered_ != kNever ? answered_ : start_;
  add(EventType::call_queued, queued, call).queue = name;
  const std::string_view final_dn = without_ext(cell("final-dn"));
  const bool passed_on = !final_dn.empty() && final_dn != number;
  if (!passed_on && cell("reason-terminated").starts_with("TerminatedBySrc")) {
    core::Event& gone = add(EventType::call_abandoned, end_, call);
    gone.queue = name;
    gone.value = duration(end_ - queued);
    return;
  }
  // Who took it says so in a segment of its own. If none comes, nobody knows more than that it was over.
  if (passed_on && !is_queue(final_dn)) add(EventType::call_ended, end_, call).agent = agent(final_dn);
  add(EventType::call_lost, end_, call);
}

void ThreeCxCdr::agent_segment(std::string_view call, std::string_view extension) {
  const std::string_view who = agent(extension);
  if (who.empty()) {
    add(EventType::call_lost, end_, call);
    return;
  }
  add(EventType::call_offered, start_, call).agent = who;
  if (answered_ == kNever) {
    core::Event& missed = add(EventType::call_no_answer, end_, call);
    missed.agent = who;
    missed.value = duration(end_ - start_);
    add(EventType::call_lost, end_, call);
    return;
  }
  add(EventType::call_answered, answered_, call).agent = who;
  const bool replaced = cell("reason-changed").starts_with("Replaced");
  core::Event& over = add(replaced ? EventType::call_transferred : EventType::call_ended, end_, call);
  over.agent = who;
  if (replaced) over.text = "attended";
  over.value = duration(end_ - answered_);
}

}  // namespace

MadeFormat make_threecx_cdr(FormatOptions options) {
  auto format = std::make_unique<ThreeCxCdr>(std::move(options));
  if (std::string fault = format->order_fault(); !fault.empty())
    return core::Error{"bad_option", std::move(fault), "fields"};
  return std::unique_ptr<Format>(std::move(format));
}

}  // namespace ingest
