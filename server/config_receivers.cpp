// [[tenant.receiver]]: who is told of alerts (server/receivers.h).
#include "server/config_parts.h"
#include "server/receivers.h"

namespace server {
namespace {

std::vector<Sensitive> sensitives(const std::vector<std::string>& texts) {
  std::vector<Sensitive> read;
  for (const std::string& text : texts) read.push_back(parse_sensitive(text));
  return read;
}

void read_severities(Section& receiver, std::array<std::string, 3>& severities) {
  const Node* node = receiver.table("severities");
  if (node == nullptr) return;
  Section section(*node, receiver.path("severities"), receiver.findings());
  severities[0] = section.text("info", severities[0]);
  severities[1] = section.text("warning", severities[1]);
  severities[2] = section.text("critical", severities[2]);
}

void read_mail(Section& section, Receiver& receiver) {
  receiver.server = section.text("server");
  constexpr std::array<std::string_view, 3> kSecurity{"none", "starttls", "tls"};
  receiver.security = static_cast<MailSecurity>(
      section.word("security", kSecurity, static_cast<std::size_t>(receiver.security)));
  receiver.user = section.text("user");
  receiver.password = parse_sensitive(section.text("password"));
  receiver.from = section.text("from");
  receiver.to = section.texts("to");
}

Receiver read_receiver(Section& section) {
  Receiver receiver;
  for (const char* key : {"name", "kind"}) section.require(key);
  receiver.name = section.text("name");
  const std::string kind = section.text("kind", "generic");
  if (const auto known = receiver_kind(kind)) {
    receiver.kind = *known;
  } else {
    section.fail("kind", known.error().message);
  }
  receiver.urls = sensitives(section.texts("urls"));
  receiver.secrets = sensitives(section.texts("secrets"));
  receiver.authorization = parse_sensitive(section.text("authorization"));
  receiver.routing_key = parse_sensitive(section.text("routing_key"));
  receiver.allow = section.texts("allow");
  receiver.ca_file = section.text("ca_file");
  receiver.timeout = section.duration("timeout", receiver.timeout, windows::kSecond, 2 * windows::kMinute);
  receiver.concurrency = static_cast<int>(section.integer("concurrency", receiver.concurrency, 1, 64));
  receiver.rate = section.number("rate").value_or(receiver.rate);
  receiver.resolved = section.boolean("resolved", receiver.resolved);
  read_severities(section, receiver.severities);
  receiver.external_url = section.text("external_url");
  read_mail(section, receiver);
  return receiver;
}

}  // namespace

void read_receivers(Section& tenant, std::vector<Receiver>& receivers, KnownNames& names) {
  for (const Node* node : tenant.tables("receiver")) {
    Section section(*node, tenant.path("receiver"), tenant.findings());
    const std::size_t before = section.findings().problems.size();
    Receiver receiver = read_receiver(section);
    if (!names.receivers.insert(receiver.name).second) section.fail("name", "is there twice");
    if (section.findings().problems.size() == before) {
      const core::Status read = load_secrets(receiver);
      if (!read) section.fail(read.error().where, read.error().message);
      if (read) {
        for (const core::Error& wrong : check(receiver)) section.fail(wrong.where, wrong.message);
      }
    }
    receivers.push_back(std::move(receiver));
  }
}

}  // namespace server
