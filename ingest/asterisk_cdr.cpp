// Asterisk CDR, Master.csv as cdr_csv writes it (docs/sources/asterisk.md). Source: cdr/cdr_csv.c of Asterisk.
//
// A CDR knows when a call came and ended and who talked, not what happened in a queue: Queue() picks up itself, so
// its records are ANSWERED whether anybody spoke to the caller or not. Of a queue's call we take its arrival and end
// only; the queue_log has the rest, under the same id. A call has a record for every telephone that rang; all are
// observations of one call, and those that say more do not contradict those that say less.
#include "ingest/asterisk.h"
#include "ingest/csv_line.h"
#include "ingest/formats_made.h"
#include "ingest/message_format.h"
#include "ingest/time_format.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

enum Column : std::size_t {
  accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp, lastdata, start, answer, end, duration, billsec,
  disposition, amaflags, kFixed
};

bool is_unique_id(std::string_view text) {
  const std::size_t dot = text.rfind('.');
  return dot != std::string_view::npos && dot >= 9 && whole(text.substr(dot + 1)).has_value();
}

class AsteriskCdr : public MessageFormat {
 public:
  explicit AsteriskCdr(FormatOptions options)
      : MessageFormat(std::move(options)), format_(*TimeFormat::parse("%Y-%m-%d %H:%M:%S")) {}

 protected:
  void message(const Message& message) override;

 private:
  bool time(Column column, Time& at);
  std::string_view call_id() const;
  void direct();
  void through_queue();

  TimeFormat format_;
  std::vector<std::string> cells_;
  Time start_ = kNever, answer_ = kNever, end_ = kNever;
};

bool AsteriskCdr::time(Column column, Time& at) {
  at = kNever;
  const std::string& text = cells_[column];
  if (text.empty()) return true;
  const auto read = format_.read(text);
  if (!read) {
    constexpr const char* kNames[] = {"start", "answer", "end"};
    refuse("bad_time", "not YYYY-MM-DD HH:MM:SS", kNames[column - Column::start]);
    return false;
  }
  at = options().zone.from_local(read->time);
  return true;
}

// The linked id where there is one: it is that of the caller's channel, as a queue_log has it. After the fixed columns
// come, each if it is wanted: the unique id; the user field; peer account, linked id and sequence.
std::string_view AsteriskCdr::call_id() const {
  const std::size_t more = cells_.size() - kFixed;
  if (more >= 3 && is_unique_id(cells_[cells_.size() - 2])) return cells_[cells_.size() - 2];
  return more > 0 && is_unique_id(cells_[kFixed]) ? std::string_view(cells_[kFixed]) : std::string_view();
}

void AsteriskCdr::message(const Message& message) {
  if (!csv_cells(message.bytes, cells_)) return refuse("malformed", "a quote that is not closed");
  if (cells_.size() < kFixed || cells_.size() > kFixed + 5)
    return refuse("malformed", std::to_string(cells_.size()) + " columns; a CDR has 16 to 21");
  if (!time(Column::start, start_) || !time(Column::answer, answer_) || !time(Column::end, end_)) return;
  if (start_ == kNever || end_ == kNever) return refuse("missing_field", "a record without start or end");
  const std::string_view call = call_id();
  if (call.empty())
    return refuse("missing_field", "no column holds a unique id; set loguniqueid=yes in cdr.conf", "uniqueid");

  core::Event& started = add(EventType::call_started, start_, subject(call));
  if (listed("inbound_contexts", cells_[dcontext])) started.text = "inbound";
  if (listed("outbound_contexts", cells_[dcontext])) started.text = "outbound";
  if (listed("internal_contexts", cells_[dcontext])) started.text = "internal";
  if (started.text != "outbound") started.customer = customer_number(cells_[src]);
  const std::string& application = cells_[lastapp];
  // AppQueue: of the telephone that Queue() rang, where that did something else afterwards.
  if (application == "Queue" || application == "AppQueue") through_queue();
  else if (application == "VoiceMail" || application == "MiniVM") {
    // The last thing that happened; how long it took nobody says.
    add(EventType::call_left, end_, subject(call)).text = "voicemail";
  } else {
    direct();
  }
  done(content_id(message.bytes));
}

void AsteriskCdr::through_queue() {
  // Says nothing about how it went; what nobody else ends, ended here.
  add(EventType::call_lost, end_, subject(call_id()));
}

void AsteriskCdr::direct() {
  const std::string_view call = subject(call_id());
  const bool outbound = listed("outbound_contexts", cells_[dcontext]);
  const std::string& name = cells_[outbound ? channel : dstchannel];
  const std::string_view who = agent(name, short_interface(name));
  const bool answered = cells_[disposition] == "ANSWERED" && answer_ != kNever;
  if (!who.empty() && !outbound) add(EventType::call_offered, start_, call).agent = who;
  if (answered && !who.empty()) {
    core::Event& a = add(EventType::call_answered, answer_, call);
    a.agent = who;
    a.value = duration(answer_ - start_);
    core::Event& e = add(EventType::call_ended, end_, call);
    e.agent = who;
    if (const auto talk = seconds(cells_[billsec])) e.value = duration(*talk);
    return;
  }
  if (!who.empty() && !outbound) {
    core::Event& missed = add(EventType::call_no_answer, end_, call);
    missed.agent = who;
    missed.value = duration(end_ - start_);
  }
  // Another record of the same call may know more.
  add(EventType::call_lost, end_, call);
}

}  // namespace

MadeFormat make_asterisk_cdr(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<AsteriskCdr>(std::move(options)));
}

}  // namespace ingest
