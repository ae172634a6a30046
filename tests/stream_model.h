// What a correct client of the stream holds: applies the server's messages by the rules of docs/stream.md and
// reports every breach of them. Used by the tests of the hub and of the real server. Value type.
#pragma once

#include <zlib.h>

#include <simdjson.h>
#include <cstdio>
#include <map>
#include <optional>
#include <string>

struct StreamModel {
  struct View {
    std::uint64_t seq = 0;
    std::int64_t asof = 0;
    std::map<std::string, std::map<std::string, std::string>> rows;  // values as their JSON text

    std::string checksum() const {
      uLong crc = crc32(0, nullptr, 0);
      for (const auto& [row, cells] : rows) {
        for (const auto& [column, value] : cells) {
          const std::string line = row + "\t" + column + "=" + value + "\n";
          crc = crc32(crc, reinterpret_cast<const Bytef*>(line.data()), static_cast<uInt>(line.size()));
        }
      }
      char text[16];
      std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(crc));
      return text;
    }
  };

  std::map<std::string, View> views;
  std::string epoch;
  std::string last_type;
  std::string last_code;  // of the last err
  int snapshots = 0, deltas = 0, heartbeats = 0, checked = 0;

  // Empty, or what the server did wrong.
  std::string apply(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element message;
    if (parser.parse(simdjson::padded_string(json)).get(message) != simdjson::SUCCESS) return "not JSON";
    last_type = text(message["t"]);
    if (last_type == "hello") epoch = text(message["epoch"]);
    if (last_type == "err") last_code = text(message["code"]);
    if (last_type == "snap") return snap(message);
    if (last_type == "delta") return delta(message);
    if (last_type == "hb") return heartbeat(message);
    return {};
  }

 private:
  static std::string text(simdjson::simdjson_result<simdjson::dom::element> element) {
    std::string_view view;
    return element.get(view) == simdjson::SUCCESS ? std::string(view) : std::string();
  }

  static std::int64_t number(simdjson::simdjson_result<simdjson::dom::element> element) {
    std::int64_t value = 0;
    return element.get(value) == simdjson::SUCCESS ? value : 0;
  }

  static void merge(View& view, simdjson::dom::object rows) {
    for (const auto row : rows) {
      const simdjson::dom::object cells = row.value.get_object().value();
      for (const auto cell : cells) {
        view.rows[std::string(row.key)][std::string(cell.key)] = simdjson::minify(cell.value);
      }
    }
  }

  std::string snap(simdjson::dom::element message) {
    View& view = views[text(message["view"])];
    const auto seq = static_cast<std::uint64_t>(number(message["seq"]));
    const std::int64_t asof = number(message["asof"]);
    if (seq < view.seq || asof < view.asof) return "snapshot goes backwards";
    view = View{seq, asof, {}};
    merge(view, message["d"].get_object().value());
    ++snapshots;
    return {};
  }

  std::string delta(simdjson::dom::element message) {
    View& view = views[text(message["view"])];
    const auto prev = static_cast<std::uint64_t>(number(message["prev"]));
    const auto seq = static_cast<std::uint64_t>(number(message["seq"]));
    if (prev != view.seq) return "delta does not follow what was sent";
    if (seq <= prev || number(message["asof"]) < view.asof) return "delta goes backwards";
    view.seq = seq;
    view.asof = number(message["asof"]);
    merge(view, message["set"].get_object().value());
    ++deltas;
    return {};
  }

  std::string heartbeat(simdjson::dom::element message) {
    ++heartbeats;
    const simdjson::dom::object entries = message["v"].get_object().value();
    for (const auto entry : entries) {
      const auto found = views.find(std::string(entry.key));
      if (found == views.end()) return "heartbeat for a view never sent";
      if (static_cast<std::uint64_t>(number(entry.value["seq"])) != found->second.seq) {
        return "heartbeat speaks of what was not sent";
      }
      const std::string crc = text(entry.value["crc"]);
      if (crc.empty()) continue;
      ++checked;
      if (crc != found->second.checksum()) return "checksum differs";
    }
    return {};
  }
};
