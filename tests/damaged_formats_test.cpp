// What every format makes of damaged messages: the seeds of the fuzz targets, whole, cut at every byte, and with bytes
// changed, dropped and doubled. Nothing may break, and what comes out must be fit for the engine.
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "feed.h"
#include "tests/fuzz/format_target.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

std::size_t run(std::string_view target, const std::string& bytes, feed::Numbers& engine) {
  return fuzz::run(target, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                   [&](const ingest::Intake& out) { engine.take(out); });
}

std::vector<std::string> seeds(const std::string& target) {
  std::vector<std::string> out;
  const std::filesystem::path folder = RINGSIDE_SOURCE_DIR "/tests/fuzz/corpus/" + target;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    out.push_back(text.str());
  }
  return out;
}

// Where the values of a JSON text stand: of objects and lists as well as of what is in them. Keys are no values.
std::vector<std::pair<std::size_t, std::size_t>> values_of(const std::string& text) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[') open.push_back(i);
    if ((c == '}' || c == ']') && !open.empty()) {
      found.emplace_back(open.back(), i + 1 - open.back());
      open.pop_back();
    }
    std::size_t end = i;
    if (c == '"') {
      for (end = i + 1; end < text.size() && text[end] != '"'; ++end) end += text[end] == '\\' ? 1 : 0;
      ++end;
      const std::size_t next = text.find_first_not_of(" \n", end);
      if (next == std::string::npos || text[next] != ':') found.emplace_back(i, end - i);
    } else if (std::string("-0123456789tfn").find(c) != std::string::npos) {
      end = std::min(text.find_first_of(",}] \n", i), text.size());
      found.emplace_back(i, end - i);
    }
    if (end > i) i = end - 1;
  }
  return found;
}

// JSON that people send, where it is here, and the seeds of the formats that read JSON.
std::vector<std::string> documents(const fuzz::Target& target) {
  std::vector<std::string> out;
  for (const std::string& seed : seeds(target.name)) {
    if (seed.size() > 1 && (seed[1] == '{' || seed[1] == '[')) out.push_back(seed.substr(1));
  }
  for (const auto& [format, sample] : std::initializer_list<std::pair<const char*, const char*>>{
           {"amazon_connect", "amazon_connect_ctr_1.json"},
           {"amazon_connect", "amazon_connect_agent_events_acw_pair.jsonl"},
           {"jira", "jira_sm_sla_field.json"},
           {"livechat", "livechat_webhook_incoming_chat.json"},
           {"twilio", "twilio_taskrouter_event_rest_worker_activity.json"},
           {"twilio", "twilio_taskrouter_callback_taskqueue_expression.json"},
           {"zammad", "zammad_webhook_ticket.json"},
           {"zendesk", "zendesk_webhook_ticket_created.json"}}) {
    const std::string path = std::string("payloads/") + sample;
    if (std::string_view(format) == target.name && !feed::absent(path)) out.push_back(feed::file(path));
  }
  return out;
}

void read_whole(const fuzz::Target& target, const std::string& text, feed::Numbers& engine) {
  auto made = ingest::make_format(target.format, fuzz::options_of(target.format));
  REQUIRE(made);
  ingest::Intake out;
  ingest::Message message;
  message.bytes = text;
  message.content_type = "application/json";
  (void)(*made)->check(message, fuzz::kNow);
  (*made)->read(message, fuzz::kNow, out);
  fuzz::check(out);
  for (const ingest::Remainder& kept : out.remainders) {
    REQUIRE(!kept.why.code.empty());
    REQUIRE(!kept.why.message.empty());
  }
  REQUIRE(out.batch.refused + out.silent + out.batch.accepted + out.gauges.size() + out.remainders.size() > 0);
  const std::string memory = (*made)->memory();
  auto again = ingest::make_format(target.format, fuzz::options_of(target.format));
  REQUIRE((*again)->remember(memory));
  engine.take(out);
}

}  // namespace

TEST_CASE("every JSON document with any value replaced by another kind of value is read or refused") {
  const std::string deep(60, '['), deeper(2'000, '[');
  const std::vector<std::string> others = {
      "null", "true", "0", "-1", "1e308", "99999999999999999999999999", "\"\"", "\"x\"", "[]", "{}", "[{}]",
      "\"2026-09-21T10:00:00Z\"", "\"" + std::string(300, 'a') + "\"", "\"\\u0000\\n\"", "4102444800000",
      deep + std::string(60, ']'), deeper + std::string(2'000, ']'), "{\"a\":1,\"a\":2}", "nul"};
  for (const fuzz::Target& target : fuzz::kTargets) {
    INFO(target.name);
    feed::Numbers engine(fuzz::kNow, {"calls", "tickets_created"});
    for (const std::string& document : documents(target)) {
      for (const auto& [at, size] : values_of(document)) {
        for (const std::string& other : others) {
          std::string changed = document;
          changed.replace(at, size, other);
          read_whole(target, changed, engine);
        }
        // The same key again, with nothing.
        const std::size_t colon = at == 0 ? std::string::npos : document.find_last_not_of(" \n", at - 1);
        if (colon != std::string::npos && document[colon] == ':') {
          const std::size_t key_end = document.rfind('"', colon);
          const std::size_t key = document.rfind('"', key_end - 1);
          std::string twice = document;
          twice.insert(key, document.substr(key, key_end + 1 - key) + ":null,");
          read_whole(target, twice, engine);
        }
      }
    }
    // Thousands of them are about the same ticket.
    for (const std::string& fault : engine.faults) {
      const std::string code = fault.substr(0, fault.find(':'));
      CHECK((code == "too_old" || code == "record_full"));
    }
  }
}

TEST_CASE("every format reads damaged messages or refuses them, and breaks nothing") {
  for (const fuzz::Target& target : fuzz::kTargets) {
    INFO(target.name);
    std::size_t events = 0;
    std::mt19937 dice(1);
    feed::Numbers engine(fuzz::kNow, {"calls", "tickets_created"});
    for (const std::string& seed : seeds(target.name)) {
      events += run(target.name, seed, engine);
      for (std::size_t i = 0; i < seed.size(); ++i) run(target.name, seed.substr(0, i), engine);
      for (int i = 0; i < 60; ++i) {
        std::string damaged = seed;
        for (int n = 0; n < 3; ++n) {
          const std::size_t at = dice() % damaged.size();
          switch (dice() % 3) {
            case 0:
              damaged[at] = static_cast<char>(dice());
              break;
            case 1:
              damaged.erase(at, 1 + dice() % 4);
              break;
            default:
              damaged.insert(at, damaged.substr(at, dice() % 20));
              break;
          }
          if (damaged.empty()) damaged = seed;
        }
        run(target.name, damaged, engine);
      }
    }
    CHECK(events > 0);
    // A damaged time may lie before what the engine keeps; nothing else is left for it to refuse.
    for (const std::string& fault : engine.faults) CHECK(fault.substr(0, fault.find(':')) == "too_old");
  }
}
