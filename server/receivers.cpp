#include "server/receivers.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "server/hook_signature.h"
#include "server/hook_target.h"

namespace server {
namespace {

constexpr std::array<std::string_view, 7> kKinds{"generic",   "cloudevents",  "slack", "teams",
                                                 "pagerduty", "alertmanager", "mail"};
constexpr std::size_t kLongestSecret = 16 * 1024;

class Findings {
 public:
  void add(std::string where, std::string message) {
    all_.push_back({"bad_receiver", std::move(message), std::move(where)});
  }
  void unless(bool good, const char* where, const char* message) {
    if (!good) add(where, message);
  }
  std::vector<core::Error> take() { return std::move(all_); }

 private:
  std::vector<core::Error> all_;
};

bool is_mail_address(std::string_view text) {
  const std::size_t open = text.rfind('<');
  if (open != std::string_view::npos) {
    if (!text.ends_with('>')) return false;
    text = text.substr(open + 1, text.size() - open - 2);
  }
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
         text.find_first_of(" <>\",;\r\n\t") == text.npos;
}

bool one_line(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; };
  return std::none_of(text.begin(), text.end(), control);
}

// Where the rule about private addresses can be judged without asking for names.
void check_url(const std::string& text, const char* where, const AllowList& allow, Findings& findings) {
  const auto url = parse_hook_url(text);
  if (!url) return findings.add(where, url.error().message);
  const auto literal = parse_address(url->host);
  if (literal) {
    const std::array addresses{*literal};
    const core::Status judged = judge(*url, addresses, allow);
    if (!judged) findings.add(where, judged.error().message);
  } else if (url->scheme == "http" && allow.empty()) {
    findings.add(where, "plain http is only for hosts that `allow` names");
  }
}

void check_secret(const Sensitive& secret, const char* where, Findings& findings) {
  const int given = !secret.file.empty() + !secret.environment.empty();
  findings.unless(given < 2, where, "it comes from a file or from the environment, not from both");
  findings.unless(one_line(secret.value), where, "it holds a line's end or another control character");
}

void check_kind(const Receiver& receiver, Findings& findings) {
  const bool is_signed = receiver.kind == ReceiverKind::generic || receiver.kind == ReceiverKind::cloudevents;
  const bool mail = receiver.kind == ReceiverKind::mail, pager = receiver.kind == ReceiverKind::pagerduty;
  findings.unless(is_signed || receiver.secrets.empty(), "secrets", "only generic and cloudevents bodies are signed");
  findings.unless(!mail || receiver.urls.empty(), "urls", "mail has a `server` and no url");
  findings.unless(mail || pager || !receiver.urls.empty(), "urls", "where to? It has no url");
  findings.unless(pager || !receiver.routing_key.given(), "routing_key", "only PagerDuty has one");
  findings.unless(!pager || receiver.routing_key.given(), "routing_key", "PagerDuty wants the key of an integration");
  const std::string& key = receiver.routing_key.value;
  findings.unless(key.empty() || (key.size() == 32 && key.find_first_of(" /:\"") == key.npos), "routing_key",
                  "a routing key has 32 letters and digits");
  findings.unless(mail || (receiver.server.empty() && receiver.from.empty() && receiver.to.empty() &&
                           receiver.user.empty() && !receiver.password.given()),
                  "server", "server, from, to, user and password are of mail");
  for (const std::string& severity : receiver.severities) {
    const bool known = severity == "critical" || severity == "error" || severity == "warning" || severity == "info";
    findings.unless(!severity.empty() && one_line(severity), "severities", "a severity is a word");
    findings.unless(!pager || known, "severities", "PagerDuty knows critical, error, warning and info");
  }
}

void check_mail(const Receiver& receiver, const AllowList& allow, Findings& findings) {
  if (receiver.server.empty()) {
    findings.add("server", "mail wants a server: \"smtp.example.com:587\"");
  } else {
    const bool tls = receiver.security == MailSecurity::tls;
    check_url((tls ? "smtps://" : "smtp://") + receiver.server, "server", allow, findings);
  }
  findings.unless(is_mail_address(receiver.from) && one_line(receiver.from), "from", "it is no mail address");
  findings.unless(!receiver.to.empty(), "to", "nobody to write to");
  for (const std::string& to : receiver.to) {
    findings.unless(is_mail_address(to) && one_line(to), "to", "one of them is no mail address");
  }
  findings.unless(receiver.user.empty() == !receiver.password.given(), "password",
                  "user and password are given together");
  findings.unless(one_line(receiver.user), "user", "it holds a control character");
  findings.unless(receiver.security != MailSecurity::none || !receiver.password.given(), "security",
                  "a password is not sent without encryption");
  findings.unless(receiver.security != MailSecurity::none || !allow.empty(), "security",
                  "mail without encryption is only for servers that `allow` names");
}

}  // namespace

Sensitive parse_sensitive(std::string_view text) {
  if (text.starts_with("file:")) return {{}, std::string(text.substr(5)), {}};
  if (text.starts_with("env:")) return {{}, {}, std::string(text.substr(4))};
  return {std::string(text), {}, {}};
}

std::string_view name(ReceiverKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

core::Result<ReceiverKind> receiver_kind(std::string_view name) {
  const auto found = std::find(kKinds.begin(), kKinds.end(), name);
  if (found != kKinds.end()) return static_cast<ReceiverKind>(found - kKinds.begin());
  return core::Error{"bad_receiver",
                     "there is no kind '" + std::string(name) +
                         "'; there are generic, cloudevents, slack, teams, pagerduty, alertmanager, mail",
                     "kind"};
}

double Receiver::attempts_per_second() const {
  if (rate > 0) return rate;
  if (kind == ReceiverKind::slack) return 1;
  return kind == ReceiverKind::teams ? 4 : 20;
}

std::vector<core::Error> check(const Receiver& receiver) {
  Findings findings;
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                         c == '-' || c == '_' || c == '.'; };
  findings.unless(!receiver.name.empty() && receiver.name.size() <= 64 &&
                      std::all_of(receiver.name.begin(), receiver.name.end(), plain),
                  "name", "a name has 1 to 64 letters, digits, '-', '_' and '.'");
  auto allow = AllowList::parse(receiver.allow);
  if (!allow) {
    findings.add("allow", allow.error().message);
    allow = AllowList();
  }
  check_kind(receiver, findings);
  if (receiver.kind == ReceiverKind::mail) check_mail(receiver, *allow, findings);
  for (const Sensitive& url : receiver.urls) {
    check_secret(url, "urls", findings);
    findings.unless(url.given(), "urls", "it is empty");
    if (url.value.empty()) continue;
    check_url(url.value, "urls", *allow, findings);
    findings.unless(!url.value.starts_with("smtp"), "urls", "mail has its own kind");
  }
  for (const Sensitive& secret : receiver.secrets) {
    check_secret(secret, "secrets", findings);
    findings.unless(secret.given(), "secrets", "one of them is empty");
    if (secret.value.empty()) continue;
    const auto key = SigningKey::parse(secret.value);
    if (!key) findings.add("secrets", key.error().message);
  }
  check_secret(receiver.authorization, "authorization", findings);
  check_secret(receiver.password, "password", findings);
  findings.unless(receiver.timeout >= windows::kSecond && receiver.timeout <= windows::kMinute, "timeout",
                  "from 1 s to 60 s");
  findings.unless(receiver.concurrency >= 1 && receiver.concurrency <= 64, "concurrency", "from 1 to 64");
  findings.unless(receiver.rate >= 0 && receiver.rate <= 1000, "rate", "from 0.01 to 1000 attempts a second");
  findings.unless(receiver.rate == 0 || receiver.rate >= 0.01, "rate", "from 0.01 to 1000 attempts a second");
  if (!receiver.external_url.empty()) {
    const auto url = parse_hook_url(receiver.external_url);
    findings.unless(bool(url) && url->scheme.starts_with("http"), "external_url", "it is no http(s) address");
  }
  return findings.take();
}

namespace {

core::Status load(Sensitive& secret, const char* where) {
  const auto missing = [&](const std::string& why) { return core::Error{"secret_missing", why, where}; };
  std::string text;
  if (!secret.file.empty()) {
    std::ifstream file(secret.file, std::ios::binary);
    if (!file) return missing("the file '" + secret.file + "' cannot be read");
    char buffer[kLongestSecret + 1];
    file.read(buffer, sizeof buffer);
    text.assign(buffer, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLongestSecret) return missing("the file '" + secret.file + "' is too long for a secret");
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    if (text.empty()) return missing("the file '" + secret.file + "' is empty");
  } else if (!secret.environment.empty()) {
    const char* found = std::getenv(secret.environment.c_str());
    if (found == nullptr || *found == '\0') {
      return missing("the environment has no variable '" + secret.environment + "'");
    }
    text = found;
  } else {
    return core::Done{};
  }
  secret.value = std::move(text);
  return core::Done{};
}

}  // namespace

core::Status load_secrets(Receiver& receiver) {
  core::Status done = core::Done{};
  for (Sensitive& url : receiver.urls) {
    if (!(done = load(url, "urls"))) return done;
  }
  for (Sensitive& secret : receiver.secrets) {
    if (!(done = load(secret, "secrets"))) return done;
  }
  if (!(done = load(receiver.authorization, "authorization"))) return done;
  if (!(done = load(receiver.routing_key, "routing_key"))) return done;
  return load(receiver.password, "password");
}

}  // namespace server
