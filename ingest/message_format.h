// MessageFormat: what all formats share: names and ids as the configuration wants them, and the way an item of
// events gets into an Intake, checked as native events are, all of it or nothing.
//
// A format overrides message(); inside it, add() events, then done() with the id of the item. Texts given to an
// event need to live until done() only. Every event of an item is about the same call, ticket, agent or queue.
// One thread at a time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/format.h"

namespace ingest {

class MessageFormat : public Format {
 public:
  explicit MessageFormat(FormatOptions options) : options_(std::move(options)) {}

  void read(const Message& message, core::Time now, Intake& out) final;
  void settle(core::Time now, Intake& out) final;

 protected:
  virtual void message(const Message& message) = 0;
  virtual void quiet() {}  // settle()

  const FormatOptions& options() const { return options_; }
  core::Time now() const { return now_; }
  Intake& out() { return *out_; }

  // An event of the item that is being made.
  core::Event& add(core::EventType type, core::Time at, std::string_view subject);
  // Ends the item: its events are in the intake, or it is refused. `time`: when the source said so; kNever: at the
  // instant of each event.
  bool done(std::string_view id, core::Time time = windows::kNever);
  void drop() { item_.clear(); }  // ends the item without anything
  // What others put into the batch from here on is this source's: names, ids, authority and pseudonyms as it is
  // configured, and all texts kept.
  enum class Adopt : std::uint8_t { as_theirs, as_ours };  // names that are in no table: theirs are reported
  void adopt(std::size_t from, Adopt how = Adopt::as_theirs);
  void unsay() { item_.pop_back(); }  // takes the last event back
  bool item_open() const { return !item_.empty(); }

  // What is read next is this part of the message; what is refused of it is kept alone.
  void part(std::string_view bytes) { part_.bytes = bytes; }
  void refuse(const char* code, std::string what, std::string where = {});
  void not_known(std::string_view name);
  void silent() { ++out_->silent; }
  void inferred(std::string_view rule) { ++out_->inferred[std::string(rule)]; }

  // Theirs to ours. What is in no table is taken as it is, or as `otherwise`, and reported.
  std::string_view agent(std::string_view name, std::string_view otherwise = {});
  std::string_view queue(std::string_view name, std::string_view otherwise = {});
  std::string_view subject(std::string_view id);         // with the prefix of calls and tickets
  std::string_view customer(std::string_view who);       // a pseudonym; empty without a secret
  std::string_view customer_number(std::string_view number);  // of a telephone number, however it is written
  // The word of agent.state for a state of theirs: what `states` of the configuration says ("Their word=break"), else
  // by what the word is about, else away. "logout" for those that mean gone.
  std::string_view activity(std::string_view theirs) const;
  // What the option `key` has for a word of theirs, in lists of "theirs=ours"; empty: nothing.
  std::string_view chosen(std::string_view key, std::string_view theirs) const;
  bool listed(std::string_view key, std::string_view word) const;  // in the list of this option
  std::string_view option(std::string_view key) const;             // the first value of this option
  // Makes of an event a rating: "4", "4 - good" are csat, "good", "bad" and the like thumbs. False: it is none.
  static bool rate(core::Event& event, std::string_view theirs);
  // Words put together, kept until the intake goes.
  std::string_view join(std::initializer_list<std::string_view> parts);
  // A duration in ms, negative ones as 0 and counted.
  std::int64_t duration(std::int64_t ms);

 private:
  bool check(const core::Event& event, core::Error& error) const;
  void keep(core::Event& event);

  FormatOptions options_;
  Message part_;  // of the message that is read, or all of it; empty while settling
  core::Time now_ = 0;
  Intake* out_ = nullptr;
  std::vector<core::Event> item_;
};

// 32 hex digits that the same bytes always give and others practically never: the id of what has none.
std::string content_id(std::string_view bytes);

// The value of a header, empty when it is not there.
std::string_view header(const Message& message, std::string_view name);

std::string lower(std::string_view text);  // ASCII

std::optional<std::int64_t> whole(std::string_view text);  // "42", "-1"; nothing else
// "12", "12.5" in seconds, to ms.
std::optional<std::int64_t> seconds(std::string_view text);

}  // namespace ingest
