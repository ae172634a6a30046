// Sources on a whole server: their configuration as text, and asking until an answer holds what is waited for.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "tests/live_server.h"
#include "tests/own_folder.h"

// A tenant on the data's clock; `more` follows it: its sources.
inline std::string data_tenant(const std::string& more) {
  return "[[tenant]]\nname = \"test\"\nclock = \"data\"\n" + more;
}
inline std::string kept_in(const OwnFolder& folder) {
  return "[storage]\nfolder = \"" + folder.path("data") + "\"\nshed_bytes = 0\nresume_bytes = 0\n";
}
inline std::string source(const std::string& name, const std::string& format, const std::string& more = {}) {
  return "[[tenant.source]]\nname = \"" + name + "\"\nformat = \"" + format + "\"\n" + more + "\n";
}
inline std::string file_source(const std::string& name, const std::string& format, const std::string& path,
                               const std::string& more = {}) {
  return source(name, format, "file = \"" + path + "\"\n" + more);
}

// Asks until the answer holds what is waited for, and gives it.
inline std::string until(std::uint16_t port, const std::string& target, std::string_view holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::string body;
  while (std::chrono::steady_clock::now() < deadline) {
    RawClient client(port);
    for (int i = 0; i < 500; ++i) {
      body = client.get(target).body;
      if (body.find(holds) != std::string::npos) return body;
    }
  }
  FAIL("waited for " << holds << " in " << body);
  return body;
}
inline std::string until(LiveServer& server, const std::string& target, std::string_view holds) {
  return until(server.port(), target, holds);
}

inline std::string asked(LiveServer& server, const std::string& target) {
  RawClient client(server.port());
  return client.get(target).body;
}

// The port of a source that listens, once it does.
inline std::uint16_t listening(LiveServer& server, const std::string& name) {
  const std::string state = until(server, "/v1/sources/" + name, "listening on 127.0.0.1:");
  return static_cast<std::uint16_t>(std::stoi(state.substr(state.find("127.0.0.1:") + 10)));
}

// "accepted":12, as one of the counts of a source's health.
inline std::string count(std::string_view name, std::size_t number) {
  return "\"" + std::string(name) + "\":" + std::to_string(number) + ",";
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line;
  return all;
}
