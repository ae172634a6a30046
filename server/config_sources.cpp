// [[tenant.source]]: who reports about the tenant, how it reaches us, who is believed, and who must be heard of.
#include "server/config_parts.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "core/record.h"
#include "ingest/formats.h"
#include "ingest/zone_file.h"

namespace server {
namespace {

// It becomes part of addresses and of names of files.
bool valid_source_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::optional<std::string> whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file) text << file.rdbuf();
  if (!file || !text) return std::nullopt;
  return std::move(text).str();
}

// A text that nobody else needs to know: as it is, "env:NAME" or "file:PATH".
std::string sensitive(Section& section, const std::string& key) {
  const std::string text = section.text(key);
  if (text.starts_with("env:")) {
    const char* value = std::getenv(text.substr(4).c_str());
    if (value == nullptr || *value == '\0') section.fail(key, "names '" + text.substr(4) + "', which is not set");
    return value == nullptr ? "" : value;
  }
  if (!text.starts_with("file:")) return text;
  auto content = whole_file(text.substr(5));
  if (!content) section.fail(key, "names '" + text.substr(5) + "', which cannot be read");
  std::string value = content.value_or("");
  while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
  if (content && value.empty()) section.fail(key, "names '" + text.substr(5) + "', which is empty");
  return value;
}

using Names = std::map<std::string, std::string, std::less<>>;

void read_names(const Node& node, const std::string& path, Findings& findings, Names& names) {
  for (const auto& [theirs, ours] : node.members) {
    if (ours.kind != Node::Kind::text || ours.text.empty()) {
      findings.add(ours, "'" + path + "' must say a name of ours for each of theirs");
    } else if (!names.emplace(theirs, ours.text).second) {
      findings.add(ours, "'" + path + "' has '" + theirs + "' twice");
    }
  }
}

void read_names_file(Section& section, ingest::FormatOptions& options) {
  const std::string path = section.text("names_file");
  if (path.empty()) return;
  const auto text = whole_file(path);
  if (!text) return section.fail("names_file", "is '" + path + "', which cannot be read");
  const auto document = parse_toml(*text, path);
  if (!document) {
    return section.fail("names_file", "cannot be used: " + document.error().where + ": " + document.error().message);
  }
  Findings findings;
  findings.file = path;
  {
    Section names(*document, "", findings);
    if (const Node* agents = names.table("agents")) read_names(*agents, "agents", findings, options.agents);
    if (const Node* queues = names.table("queues")) read_names(*queues, "queues", findings, options.queues);
  }
  for (const std::string& problem : findings.problems) section.fail("names_file", "cannot be used: " + problem);
}

// "host:port", "[::1]:port".
bool split_address(const std::string& text, std::string& host, std::uint16_t& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && !host.empty();
}

// One line of AMI or of an event socket: nothing in it may end the line.
void check_line(Section& section, const std::string& key, const std::string& text) {
  const bool bad = std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (bad) section.fail(key, "must be one line");
}

void read_tls(Section& section, SourceConfig& source) {
  source.tls = section.boolean("tls", false);
  source.tls_name = section.text("tls_name");
  const std::string path = section.text("tls_ca");
  for (const char* key : {"tls_ca", "tls_name"}) {
    if (section.has(key) && !source.tls) section.fail(key, "is of no use without tls = true");
  }
  if (!section.has("tls_ca")) return;
  const auto content = whole_file(path);
  if (!content) return section.fail("tls_ca", "is '" + path + "', which cannot be read");
  const core::Status usable = check_certificates(*content);
  if (!usable) section.fail("tls_ca", "is '" + path + "', which holds no certificate: " + usable.error().message);
  source.tls_ca = *content;
}

// Where it comes from: one of four, or over HTTP.
void read_inlet(Section& section, const ingest::FormatInfo& info, SourceConfig& source) {
  const int named = section.has("file") + section.has("files") + section.has("connect") + section.has("listen");
  source.file = section.text("file");
  const std::string files = section.text("files");
  const std::string connect = section.text("connect");
  const std::string listen = section.text("listen");
  const std::string from = section.text("read_from", "beginning");
  source.from_end = from == "end";
  if (from != "beginning" && from != "end") section.fail("read_from", "must be \"beginning\" or \"end\"");
  source.user = section.text("user");
  source.password = sensitive(section, "password");
  source.filters = section.texts("filters");
  const std::string login = section.text("login", "challenge");
  source.plain_login = login == "plain";
  if (login != "plain" && login != "challenge") section.fail("login", "must be \"challenge\" or \"plain\"");
  read_tls(section, source);
  source.reconnect_after =
      section.duration("reconnect_after", source.reconnect_after, 10, 10 * windows::kMinute);
  source.public_url = section.text("public_url");
  if (named > 1) return section.fail("name", "comes from one place: 'file', 'files', 'connect' or 'listen'");
  source.inlet = Inlet::http;
  if (section.has("file")) {
    source.inlet = Inlet::file;
    if (source.file.empty()) section.fail("file", "must name a file");
  } else if (section.has("files")) {
    source.inlet = Inlet::files;
    source.file = files;
    const std::size_t name = files.rfind('/') + 1;  // 0 without one
    const bool pattern = files.find_first_of("*?[", name) != std::string::npos;
    if (!pattern || files.find_first_of("*?[") < name) {
      section.fail("files", "must be a folder and a pattern of names in it, such as \"/var/log/calls/*.log\"");
    }
  } else if (section.has("connect")) {
    source.inlet = Inlet::connect;
    if (!split_address(connect, source.host, source.port) || source.port == 0) {
      section.fail("connect", "must be \"host:port\"");
    }
  } else if (section.has("listen")) {
    source.inlet = Inlet::listen;
    if (!split_address(listen, source.host, source.port)) section.fail("listen", "must be \"address:port\"");
  }
  if (source.tls && source.inlet != Inlet::connect) section.fail("tls", "is of connections we make: 'connect'");
  const bool talks = info.framing == ingest::Framing::ami || info.framing == ingest::Framing::event_socket;
  if (talks && source.inlet == Inlet::http) {
    section.fail("format", "is '" + source.format + "', which needs 'connect' (or a 'file' of what was recorded)");
  }
  if (talks && source.inlet == Inlet::listen) section.fail("listen", "is of no use: to this system we connect");
  if (source.inlet == Inlet::connect && talks && !section.has("password")) {
    section.fail("password", "is missing: without it there is no login");
  }
  check_line(section, "user", source.user);
  check_line(section, "password", source.password);
  for (const std::string& filter : source.filters) check_line(section, "filters", filter);
  const bool http = source.public_url.starts_with("http://") || source.public_url.starts_with("https://");
  if (!source.public_url.empty() && (!http || source.public_url.ends_with('/'))) {
    section.fail("public_url", "must be scheme://host[:port], as the sender calls us");
  }
}

std::string read_mapping(Section& section, const ingest::FormatInfo& info) {
  const std::string path = section.text("mapping");
  if (path.empty()) {
    if (info.needs_mapping) section.fail("format", "is '" + std::string(info.name) + "', which needs a 'mapping'");
    return {};
  }
  auto text = whole_file(path);
  if (!text) section.fail("mapping", "is '" + path + "', which cannot be read");
  return text.value_or("");
}

// Of one format only: a text, a whole number, or a list of texts.
void read_more(Section& section, const ingest::FormatInfo& info, ingest::FormatOptions& options) {
  for (const std::string_view view : info.keys) {
    const std::string key(view);
    std::vector<std::string>& values = options.more[key];
    if (!section.has(key)) {
      section.text(key);
      options.more.erase(key);
      continue;
    }
    const Node& node = section.at(key);
    switch (node.kind) {
      case Node::Kind::array:
        values = section.texts(key);
        break;
      case Node::Kind::integer:
        values = {std::to_string(section.integer(key, 0, INT64_MIN, INT64_MAX))};
        break;
      default:
        values = {section.text(key)};
    }
  }
}

void note(std::string& all, std::string_view text) {
  all += std::to_string(text.size());
  all.append(":").append(text);
}

// Everything that makes a difference, one after the other.
std::string as_written(const SourceConfig& source, const std::string& zone) {
  std::string all;
  for (const std::string* text :
       {&source.format, &source.file, &source.host, &source.tls_ca, &source.tls_name, &source.user, &source.password,
        &source.public_url, &source.options.secret, &source.options.customer_secret, &source.options.call_prefix,
        &source.options.mapping, &zone}) {
    note(all, *text);
  }
  for (const std::int64_t number : {std::int64_t{source.authority}, static_cast<std::int64_t>(source.inlet),
                                    std::int64_t{source.from_end}, std::int64_t{source.port}, source.reconnect_after,
                                    std::int64_t{source.plain_login}, std::int64_t{source.tls}, source.close_after}) {
    note(all, std::to_string(number));
  }
  for (const std::string& filter : source.filters) note(all, filter);
  for (const auto* names : {&source.options.agents, &source.options.queues}) {
    note(all, "names");
    for (const auto& [theirs, ours] : *names) note(all, theirs), note(all, ours);
  }
  for (const auto& [key, values] : source.options.more) {
    note(all, key);
    for (const std::string& value : values) note(all, value);
  }
  return all;
}

void read_format(Section& section, const TenantConfig& tenant, SourceConfig& source) {
  const ingest::FormatInfo* info = ingest::format_named(source.format);
  if (info == nullptr) {
    std::set<std::string> known;
    for (const ingest::FormatInfo& one : ingest::formats()) known.emplace(one.name);
    const auto meant = nearest(source.format, known);
    return section.fail("format", "is '" + source.format + "', which is none" +
                                      (meant ? "; did you mean '" + *meant + "'?" : "; docs/sources/ lists them"));
  }
  if (!valid_source_name(source.name)) {
    section.fail("name", "must be 1 to 64 letters, digits, '.', '_' or '-', not beginning with '.'");
  }
  ingest::FormatOptions& options = source.options;
  options.source = source.name;
  options.authority = source.authority;
  const std::string zone = section.text("zone");
  options.zone = tenant.settings.zone;
  if (!zone.empty()) {
    auto loaded = ingest::load_zone(zone);
    if (loaded) {
      options.zone = std::move(*loaded);
    } else {
      section.fail("zone", "is '" + zone + "', which is not a time zone such as \"Europe/Berlin\"");
    }
  }
  Findings& findings = section.findings();
  if (const Node* agents = section.table("agents")) {
    read_names(*agents, section.path("agents"), findings, options.agents);
  }
  if (const Node* queues = section.table("queues")) {
    read_names(*queues, section.path("queues"), findings, options.queues);
  }
  read_names_file(section, options);
  options.secret = sensitive(section, "secret");
  options.customer_secret = sensitive(section, "customer_secret");
  options.call_prefix = section.text("call_prefix");
  options.mapping = read_mapping(section, *info);
  source.close_after = section.duration("close_after", 0, 0, 7 * windows::kDay);
  read_more(section, *info, options);
  const std::size_t problems = findings.problems.size();
  read_inlet(section, *info, source);
  source.as_written = as_written(source, zone.empty() ? tenant.settings.zone.name() : zone);
  if (findings.problems.size() > problems || (info->needs_mapping && options.mapping.empty())) return;
  const auto made = ingest::make_format(source.format, options);
  if (made) return;
  const core::Error& error = made.error();
  const bool of_mapping = error.code == "bad_mapping";
  const std::string key = of_mapping ? "mapping" : section.has(error.where) ? error.where : "format";
  std::string where = error.where == key ? "" : error.where;
  if (of_mapping && section.has("mapping")) where = section.text("mapping") + (where.empty() ? "" : ":" + where);
  section.fail(key, "cannot be used: " + (where.empty() ? "" : where + ": ") + error.message);
}

// [tenant.source.watch]
void read_watch(Section& source, const std::string& name, const KnownNames& names,
                std::vector<core::SourceWatch>& watches) {
  const Node* node = source.table("watch");
  if (node == nullptr) return;
  Section section(*node, source.path("watch"), source.findings());
  section.require("within");
  core::SourceWatch watch;
  watch.source = name;
  watch.within = section.duration("within", windows::kMinute, windows::kSecond, 30 * windows::kDay);
  watch.calendar = read_calendar_name(section, "schedule", names);
  watch.severity = read_severity(section, watch.severity);
  watch.labels = section.labels("labels");
  watches.push_back(std::move(watch));
}

}  // namespace

std::string_view name(Inlet inlet) {
  constexpr std::string_view kNames[] = {"none", "http", "file", "files", "connect", "listen"};
  return kNames[static_cast<std::size_t>(inlet)];
}

void read_sources(Section& tenant_section, const KnownNames& names, TenantConfig& tenant) {
  for (const Node* node : tenant_section.tables("source")) {
    Section section(*node, "tenant.source", tenant_section.findings());
    section.require("name");
    SourceConfig source;
    source.name = section.text("name");
    source.authority = static_cast<std::uint8_t>(section.integer("authority", kLiveAuthority, 0, 15));
    source.format = section.text("format");
    read_watch(section, source.name, names, tenant.settings.alerts.sources);
    const bool known = section.has("format");
    const std::size_t plain = (section.has("name") ? 1u : 0u) + (section.has("authority") ? 1u : 0u) +
                              (section.has("watch") ? 1u : 0u);
    if (known) {
      read_format(section, tenant, source);
    } else if (node->members.size() > plain) {
      section.fail("name", "needs a 'format' for its other options: docs/sources/ lists them");
    }
    for (const auto& [other, authority] : tenant.authority) {
      const bool apart = authority != source.authority || core::source_mark(other) != core::source_mark(source.name);
      if (apart || other == source.name) continue;
      section.fail("name", "has by chance the same mark in records as '" + other +
                               "': give one of them another name or another authority, or they count as one");
    }
    if (!tenant.authority.emplace(source.name, source.authority).second) section.fail("name", "is there twice");
    if (known) tenant.sources.push_back(std::move(source));
  }
}

void read_quarantine(Section& tenant_section, QuarantineLimits& limits) {
  const Node* node = tenant_section.table("quarantine");
  if (node == nullptr) return;
  Section section(*node, "tenant.quarantine", tenant_section.findings());
  limits.bytes = static_cast<std::size_t>(
      section.integer("bytes", static_cast<std::int64_t>(limits.bytes), 0, std::int64_t{1} << 30));
  limits.age = section.duration("age", limits.age, windows::kMinute, 400 * windows::kDay);
}

}  // namespace server
