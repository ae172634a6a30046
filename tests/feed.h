// For tests of formats: messages in, an engine's numbers and readable events out.
#pragma once

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/engine.h"
#include "ingest/formats.h"
#include "ingest/instant.h"

namespace feed {

using core::Time;
using Lines = std::vector<std::string>;

inline std::string file(const std::string& name) {
  std::ifstream in(std::string(RINGSIDE_SOURCE_DIR) + "/../shared/data/" + name, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// Real data is not ours to ship: where it is absent, tests say so and pass.
inline bool absent(const std::string& name) {
  if (std::filesystem::exists(std::string(RINGSIDE_SOURCE_DIR) + "/../shared/data/" + name)) return false;
  std::fprintf(stderr, "SKIPPED: ../shared/data/%s is not here\n", name.c_str());
  return true;
}

inline ingest::FormatOptions options(const std::string& source = "pbx", std::uint8_t authority = 5) {
  ingest::FormatOptions out;
  out.source = source;
  out.authority = authority;
  return out;
}

inline std::unique_ptr<ingest::Format> make(const std::string& format, ingest::FormatOptions from = options()) {
  auto made = ingest::make_format(format, std::move(from));
  if (!made) throw std::runtime_error(made.error().code + ": " + made.error().message + " " + made.error().where);
  return std::move(*made);
}

inline void read(ingest::Format& format, std::string_view bytes, Time now, ingest::Intake& out) {
  ingest::Message message;
  message.bytes = bytes;
  format.read(message, now, out);
}

constexpr Time kNow = 1'790'000'000'000;  // 2026-09-21T14:13:20Z
inline ingest::Intake read(ingest::Format& format, const std::string& bytes, Time now = kNow) {
  ingest::Intake out;
  read(format, bytes, now, out);
  return out;
}

// Seconds of 20 as a target; figures by formula, as in a [[kpi]] of the configuration.
inline std::vector<core::KpiSpec> kpis(const std::vector<std::string>& formulas) {
  std::vector<core::KpiSpec> out;
  for (const std::string& formula : formulas) {
    core::KpiSpec spec;
    spec.id = "k" + std::to_string(out.size());
    spec.formula = formula;
    out.push_back(spec);
  }
  return out;
}

// An engine with KPIs of these formulas that takes what formats read, as the server does: an item whose id came before
// is a repetition.
class Numbers {
 public:
  Numbers(Time now, std::vector<std::string> formulas) : formulas_(std::move(formulas)) {
    core::TenantSettings settings;
    settings.name = "t";
    settings.kpis = kpis(formulas_);
    settings.policy.queues = {20 * windows::kSecond, 5 * windows::kSecond};
    auto made = core::Engine::create(std::move(settings));
    if (!made) throw std::runtime_error(made.error().message + " " + made.error().where);
    engine_ = std::move(*made);
    engine_->advance(now);
  }

  void take(const ingest::Intake& intake) {
    const auto& events = intake.batch.events;
    for (std::size_t i = 0; i < events.size();) {
      std::size_t end = i + 1;
      while (end < events.size() && intake.batch.items[end] == intake.batch.items[i]) ++end;
      if (seen_.insert(std::string(events[i].source) + '\0' + std::string(events[i].id)).second) {
        const auto outcome = engine_->apply(std::span(events).subspan(i, end - i));
        if (!outcome) faults.push_back(outcome.error().code + ": " + outcome.error().message);
      }
      i = end;
    }
  }

  // Of everything that ever happened: of the formula given first, second, …
  double sum(const std::string& scope, std::size_t formula) {
    const std::string id = "k" + std::to_string(formula);
    const auto rows = engine_->history(scope, {id}, engine_->now() - 400 * windows::kDay, engine_->now() + 1,
                                       core::Step::all);
    return rows && !rows->empty() ? number((*rows)[0].values[0]) : std::nan("");
  }
  std::vector<double> sums(const std::string& scope) {
    std::vector<double> out;
    for (std::size_t i = 0; i < formulas_.size(); ++i) out.push_back(sum(scope, i));
    return out;
  }
  std::string now(const std::string& scope, const std::string& column) {
    const auto value = engine_->current(scope, column);
    if (!value) return value.error().code;
    if (value->kind == core::Value::Kind::text) return std::string(value->text);
    return value->kind == core::Value::Kind::none ? "none" : std::to_string(static_cast<long>(value->number));
  }
  core::Engine& engine() { return *engine_; }
  std::vector<std::string> faults;

 private:
  static double number(const core::Value& value) {
    return value.kind == core::Value::Kind::number ? value.number : std::nan("");
  }
  std::vector<std::string> formulas_;
  std::unique_ptr<core::Engine> engine_;
  std::set<std::string> seen_;
};

// "12:00:01 call.answered c1 agent=anna queue=sales value=5000": what is tested of an event, in one line.
inline std::string shown(const core::Event& e) {
  std::string text = ingest::format_instant(e.at) + " " + (e.final ? "final " : "") + std::string(core::name(e.type)) +
                     " " + std::string(e.subject);
  const auto part = [&](const char* key, std::string_view value) {
    if (!value.empty()) text.append(" ").append(key).append("=").append(value);
  };
  part("agent", e.agent);
  part("queue", e.queue);
  part("team", e.team);
  part("channel", e.channel);
  part("priority", e.priority);
  part("text", e.text);
  part("reason", e.reason);
  part("by", e.by);
  if (e.value != core::kNoValue) text += " value=" + std::to_string(e.value);
  if (!e.is_public) text += " private";
  if (e.final && e.visit != 1) text += " visit=" + std::to_string(e.visit);
  return text;
}

inline std::vector<std::string> shown(const ingest::Intake& intake) {
  std::vector<std::string> out;
  for (const auto& e : intake.batch.events) out.push_back(shown(e));
  return out;
}

}  // namespace feed
