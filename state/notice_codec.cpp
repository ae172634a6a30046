#include "state/notice_codec.h"

#include <array>

namespace state {
namespace {

using core::Alert;

// In the order in which they are written.
constexpr std::array kTexts{&Alert::key,       &Alert::name,            &Alert::scope, &Alert::summary,
                            &Alert::reason,    &Alert::by,              &Alert::unit,  &Alert::record_kind,
                            &Alert::record_id, &Alert::acknowledged_by, &Alert::held_back, &Alert::held_why};
constexpr std::array kTimes{&Alert::at,    &Alert::noticed, &Alert::started,        &Alert::fired,
                            &Alert::ended, &Alert::due,     &Alert::acknowledged_at};
constexpr unsigned kLate = 1, kValue = 2, kThreshold = 4;

}  // namespace

void append_alert(core::RowWriter& row, const Alert& alert) {
  for (const auto text : kTexts) row.text(alert.*text);
  for (const auto time : kTimes) row.raw(alert.*time);
  row.byte(static_cast<std::uint8_t>(alert.severity));
  row.byte(static_cast<std::uint8_t>(alert.state));
  row.byte(static_cast<std::uint8_t>(alert.step));
  row.byte(static_cast<std::uint8_t>((alert.late ? kLate : 0) | (alert.value ? kValue : 0) |
                                     (alert.threshold ? kThreshold : 0)));
  row.number(alert.episode);
  row.number(alert.version);
  if (alert.value) row.raw(*alert.value);
  if (alert.threshold) row.raw(*alert.threshold);
  row.number(alert.labels.size());
  for (const auto& [name, value] : alert.labels) {
    row.text(name);
    row.text(value);
  }
}

std::optional<Alert> read_alert(core::RowReader& row) {
  Alert alert;
  for (const auto text : kTexts) alert.*text = row.text();
  for (const auto time : kTimes) alert.*time = row.raw<core::Time>();
  const std::uint8_t severity = row.byte(), state = row.byte(), step = row.byte();
  if (severity >= core::kSeverities || state >= core::kAlertStates || step >= core::kAlertSteps) return std::nullopt;
  alert.severity = static_cast<core::Severity>(severity);
  alert.state = static_cast<core::AlertState>(state);
  alert.step = static_cast<core::AlertStep>(step);
  const unsigned flags = row.byte();
  alert.late = (flags & kLate) != 0;
  alert.episode = row.number32();
  alert.version = row.number();
  if ((flags & kValue) != 0) alert.value = row.raw<double>();
  if ((flags & kThreshold) != 0) alert.threshold = row.raw<double>();
  for (std::uint64_t labels = row.number(); labels > 0 && row.ok(); --labels) {
    std::string name(row.text());
    alert.labels.emplace_back(std::move(name), std::string(row.text()));
  }
  if (!row.ok()) return std::nullopt;
  return alert;
}

void append_notice(core::RowWriter& row, const core::Notice& notice) {
  row.text(notice.id);
  row.text(notice.receiver);
  row.text(notice.order);
  row.raw(notice.at);
  row.number(notice.alerts.size());
  for (const Alert& alert : notice.alerts) append_alert(row, alert);
}

std::optional<core::Notice> read_notice(core::RowReader& row) {
  core::Notice notice;
  notice.id = row.text();
  notice.receiver = row.text();
  notice.order = row.text();
  notice.at = row.raw<core::Time>();
  for (std::uint64_t alerts = row.number(); alerts > 0; --alerts) {
    auto alert = read_alert(row);
    if (!alert) return std::nullopt;
    notice.alerts.push_back(std::move(*alert));
  }
  if (!row.ok()) return std::nullopt;
  return notice;
}

}  // namespace state
