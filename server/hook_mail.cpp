// Mail as RFC 5322 has it: plain text; the id stays the same over attempts, and what belongs to one episode of an alert
// hangs together, because all of it refers to one id that is made from the episode.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "ingest/signature.h"
#include "server/hook_message.h"

namespace server {
namespace {

std::string one_line(std::string_view text) {
  std::string out(text);
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; };
  std::replace_if(out.begin(), out.end(), control, ' ');
  return out;
}

// RFC 2047, in words of at most 75 columns that end at a character.
std::string encoded_words(std::string_view text) {
  const bool space = text.ends_with(' ');
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    return std::string(text);
  }
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min<std::size_t>(42, text.size());
    while (end < text.size() && end > 1 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + ingest::base64(text.substr(0, end)) + "?=";
    text.remove_prefix(end);
  }
  return space ? out + ' ' : out;
}

std::string mail_date(core::Time time) {
  static constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(time / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", kDays[static_cast<std::size_t>(parts.tm_wday)],
                     parts.tm_mday, kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string domain_of(std::string_view from) {
  const std::size_t at = from.rfind('@');
  std::string domain(from.substr(at == from.npos ? 0 : at + 1));
  if (domain.ends_with('>')) domain.pop_back();
  return domain;
}

// "Name <address>", the name in whatever script.
std::string mailbox(const std::string& text) {
  const std::size_t open = text.rfind('<');
  return open == text.npos || open == 0 ? text : encoded_words(text.substr(0, open)) + text.substr(open);
}

std::string plain_text(const HookMessage& message, const Receiver& receiver) {
  std::string text;
  for (const core::Alert& alert : message.alerts) {
    text += headline(alert) + "\n";
    for (const auto& [name, value] : particulars(alert)) text += fmt::format("  {}: {}\n", name, one_line(value));
    text += "\n";
  }
  if (!message.covers.empty()) {
    text += fmt::format("This also tells what {} earlier messages would have told.\n", message.covers.size());
  }
  if (!receiver.external_url.empty()) text += receiver.external_url + "\n";
  return text + "-- \nRingside, " + message.tenant + "\n";
}

std::string wrapped_base64(std::string_view text) {
  const std::string all = ingest::base64(text);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += 76) out += all.substr(at, 76) + "\r\n";
  return out;
}

}  // namespace

std::string mail_text(const HookMessage& message, const Receiver& receiver, core::Time now) {
  const std::string domain = domain_of(receiver.from);
  const core::Alert& first = message.alerts.front();
  const std::string thread =
      fingerprint_of(message.tenant + '\0' + message.order + '\0' + std::to_string(first.episode));
  std::string to;
  for (const std::string& one : receiver.to) to += (to.empty() ? "" : ",\r\n ") + mailbox(one);
  std::string out;
  out += "From: " + mailbox(receiver.from) + "\r\n";
  out += "To: " + to + "\r\n";
  out += "Subject: " + encoded_words(shortened(one_line(headline(message)), 200)) + "\r\n";
  out += "Date: " + mail_date(now) + "\r\n";
  out += "Message-ID: <" + message.id + "@" + domain + ">\r\n";
  out += "In-Reply-To: <" + thread + "@" + domain + ">\r\n";
  out += "References: <" + thread + "@" + domain + ">\r\n";
  out += "Auto-Submitted: auto-generated\r\n";
  out += "MIME-Version: 1.0\r\n";
  out += "Content-Type: text/plain; charset=utf-8\r\n";
  out += "Content-Transfer-Encoding: base64\r\n\r\n";
  return out + wrapped_base64(plain_text(message, receiver));
}

}  // namespace server
