#include "server/check_config.h"

#include <charconv>
#include <fstream>
#include <sstream>

#include "server/serve.h"
#include "server/tenant.h"

namespace server {
namespace {

core::Status apply_listen(const std::string& text, Listen& listen) {
  const std::size_t colon = text.rfind(':');
  const core::Error bad{"bad_usage", "'--listen' must be ADDRESS:PORT, such as 127.0.0.1:8080", ""};
  if (colon == std::string::npos) return bad;
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, listen.port);
  if (error != std::errc() || rest != end) return bad;
  if (!address.empty()) listen.address = address;
  return core::Done{};
}

core::Result<Config> load(const std::string& path) {
  if (path.empty()) return parse_config("", "", builtin_kpis());
  const auto text = read_file(path);
  if (!text) return text.error();
  return parse_config(*text, path, builtin_kpis());
}

}  // namespace

core::Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file) text << file.rdbuf();
  if (!file || !text) return core::Error{"cannot_read", "cannot read '" + path + "'", ""};
  return std::move(text).str();
}

core::Result<Config> load_config(const CommandLine& line) {
  auto config = load(line.option("config"));
  if (!config) return config;
  if (line.has("data")) config->storage.folder = line.option("data") == "none" ? "" : line.option("data");
  if (line.has("listen")) {
    const core::Status listen = apply_listen(line.option("listen"), config->listen);
    if (!listen) return listen.error();
  }
  return config;
}

core::Status check_config(const std::string& path) {
  const auto config = load(path);
  if (!config) return config.error();
  const auto tenants = Tenants::create(*config, {}, "check", [](const std::function<void()>&) {}, nullptr);
  if (!tenants) return tenants.error();
  return core::Done{};
}

}  // namespace server
