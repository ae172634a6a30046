#include "core/alert.h"

#include <algorithm>
#include <iterator>

namespace core {
namespace {

constexpr std::string_view kSeverityNames[] = {"info", "warning", "critical"};
constexpr std::string_view kStateNames[] = {"normal", "pending", "firing", "recovering", "no_data"};
constexpr std::string_view kStepNames[] = {"pending",  "fired",     "warned",  "escalated", "repeated",
                                           "acknowledged", "recovering", "resolved", "rescinded", "no_data",
                                           "suppressed", "released",  "relapsed", "flapping"};
static_assert(std::size(kSeverityNames) == kSeverities && std::size(kStateNames) == kAlertStates &&
              std::size(kStepNames) == kAlertSteps);

// Reads `name=value, name!="value"` from left to right.
class MatcherReader {
 public:
  explicit MatcherReader(std::string_view text) : text_(text) {}

  Result<Matcher> read() {
    Matcher matcher;
    blanks();
    while (at_ < text_.size()) {
      LabelMatch part;
      for (; at_ < text_.size() && is_name(text_[at_]); ++at_) part.name += text_[at_];
      if (part.name.empty()) return error("a label's name is expected");
      blanks();
      part.negative = take('!');
      if (!take('=')) return error("= or != is expected after \"" + part.name + "\"");
      blanks();
      if (Status value = take('"') ? quoted(part) : plain(part); !value) return value.error();
      matcher.push_back(std::move(part));
      blanks();
      if (at_ == text_.size()) break;
      if (!take(',')) return error("a comma is expected");
      blanks();
      if (at_ == text_.size()) return error("something is expected after the comma");
    }
    return matcher;
  }

 private:
  static bool is_name(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  }
  static bool is_blank(char c) { return c == ' ' || c == '\t'; }
  void blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  Error error(const std::string& what) const {
    return {"bad_matcher", what + " at character " + std::to_string(at_ + 1) + " of \"" + std::string(text_) + "\"",
            std::to_string(at_ + 1)};
  }
  // Inside quotes a star is a star, except the last one.
  Status quoted(LabelMatch& part) {
    bool star = false;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      const bool escaped = text_[at_] == '\\';
      if (escaped && ++at_ == text_.size()) break;
      part.value += text_[at_];
      star = !escaped && text_[at_] == '*';
    }
    if (!take('"')) return error("the quotes are not closed");
    end_in_star(part, star);
    return Done{};
  }
  Status plain(LabelMatch& part) {
    for (; at_ < text_.size() && text_[at_] != ',' && !is_blank(text_[at_]); ++at_) {
      if (text_[at_] == '"' || text_[at_] == '\\')
        return error("a value with quotes or backslashes is written in quotes");
      part.value += text_[at_];
    }
    end_in_star(part, !part.value.empty() && part.value.back() == '*');
    return Done{};
  }
  static void end_in_star(LabelMatch& part, bool star) {
    part.prefix = star;
    if (star) part.value.pop_back();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string_view name(Severity severity) { return kSeverityNames[static_cast<int>(severity)]; }
std::string_view name(AlertState state) { return kStateNames[static_cast<int>(state)]; }
std::string_view name(AlertStep step) { return kStepNames[static_cast<int>(step)]; }

std::string spoken(Duration duration) {
  using windows::kDay, windows::kHour, windows::kMinute, windows::kSecond;
  if (duration < 0) return "-" + spoken(-duration);
  if (duration < kSecond) return std::to_string(duration) + " ms";
  if (duration < 2 * kMinute && duration % kMinute != 0) return std::to_string(duration / kSecond) + " s";
  const auto parts = [&](Duration big, const char* big_name, Duration small, const char* small_name) {
    const Duration rest = duration % big / small;
    return std::to_string(duration / big) + big_name + (rest == 0 ? "" : " " + std::to_string(rest) + small_name);
  };
  if (duration < kHour) return parts(kMinute, " min", kSecond, " s");
  return duration < kDay ? parts(kHour, " h", kMinute, " min") : parts(kDay, " d", kHour, " h");
}

Result<Matcher> parse_matcher(std::string_view text) { return MatcherReader(text).read(); }

std::string text_of(const Matcher& matcher) {
  std::string text;
  for (const LabelMatch& part : matcher) {
    text += text.empty() ? "" : ", ";
    text += part.name + (part.negative ? "!=\"" : "=\"");
    for (std::size_t i = 0; i < part.value.size(); ++i) {
      const char c = part.value[i];
      const bool last_star = c == '*' && i + 1 == part.value.size() && !part.prefix;
      if (c == '"' || c == '\\' || last_star) text += '\\';
      text += c;
    }
    text += part.prefix ? "*\"" : "\"";
  }
  return text;
}

std::string_view label_of(const Alert& alert, std::string_view label) {
  for (const auto& [its, value] : alert.labels) {
    if (its == label) return value;
  }
  if (label == "name") return alert.name;
  if (label == "scope") return alert.scope;
  if (label == "severity") return name(alert.severity);
  if (label == "key") return alert.key;
  return {};
}

bool matches(const Matcher& matcher, const Alert& alert) {
  return std::all_of(matcher.begin(), matcher.end(), [&](const LabelMatch& part) {
    const std::string_view value = label_of(alert, part.name);
    const bool fits = part.prefix ? value.substr(0, part.value.size()) == part.value : value == part.value;
    return fits != part.negative;
  });
}

std::vector<AlertRule> threshold_rules(const KpiSpec& kpi, const std::string& window,
                                       const std::vector<std::string>& scopes) {
  std::vector<AlertRule> rules;
  if (kpi.direction == Direction::none) return rules;
  // Scopes of their own first: the first rule that is about a scope is the one meant.
  std::vector<const Thresholds*> order;
  for (const bool own : {true, false}) {
    for (const Thresholds& limits : kpi.thresholds) {
      if (limits.scope.empty() != own) order.push_back(&limits);
    }
  }
  for (const Thresholds* limits : order) {
    const auto add = [&](const std::optional<double>& limit, Severity severity, const char* which) {
      if (!limit) return;
      AlertRule rule;
      rule.id = "kpi." + kpi.id + (window.empty() ? "" : "@" + window) + "." + which;
      if (!limits->scope.empty()) rule.id += "." + limits->scope;
      rule.kpi = kpi.id;
      rule.window = window;
      rule.scopes = limits->scope.empty() ? scopes : std::vector<std::string>{limits->scope};
      for (const Thresholds& other : kpi.thresholds) {
        if (limits->scope.empty() && !other.scope.empty()) rule.except.push_back(other.scope);
      }
      rule.above = kpi.direction == Direction::lower;
      rule.enter = rule.leave = *limit;
      rule.severity = severity;
      rule.no_data = AlertRule::NoData::normal;
      rules.push_back(std::move(rule));
    };
    add(limits->crit, Severity::critical, "crit");
    add(limits->warn, Severity::warning, "warn");
  }
  return rules;
}

}  // namespace core
