#include "server/rest_queries.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "ingest/instant.h"
#include "server/config_text.h"
#include "server/json_text.h"
#include "server/problem.h"

namespace server {
namespace {

using core::Time;

constexpr std::size_t kMaxRows = 50'000;

std::string value_of(const Parameters& query, const std::string& key, const std::string& otherwise = {}) {
  const auto it = query.find(key);
  return it == query.end() ? otherwise : it->second;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (end > at) words.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

void append_member(std::string& out, bool& first, std::string_view key) {
  if (!first) out += ',';
  first = false;
  append_string(out, key);
  out += ':';
}

void append_limit(std::string& out, const char* key, const std::optional<double>& limit) {
  out.append(",\"").append(key).append("\":");
  if (limit) {
    append_number(out, *limit);
  } else {
    out += "null";
  }
}

void append_limits(std::string& out, const core::Thresholds& thresholds) {
  append_limit(out, "target", thresholds.target);
  append_limit(out, "warn", thresholds.warn);
  append_limit(out, "crit", thresholds.crit);
}

void append_kpi(std::string& out, const core::Engine& engine, const core::Catalogue::Kpi& kpi) {
  const core::KpiSpec& spec = kpi.spec;
  const auto text = [&](const char* key, std::string_view value) {
    out.append(",\"").append(key).append("\":");
    append_string(out, value);
  };
  out += R"({"id":)";
  append_string(out, spec.id);
  out += R"(,"version":)" + std::to_string(spec.version);
  text("title", spec.title);
  text("description", spec.description);
  text("formula", spec.formula);
  text("unit", core::name(spec.unit));
  text("direction", core::name(spec.direction));
  text("attribution", core::name(spec.attribution));
  out += R"(,"decimals":)" + std::to_string(spec.decimals);
  out += kpi.live ? R"(,"live":true)" : R"(,"live":false)";
  core::Thresholds everywhere;
  for (const core::Thresholds& thresholds : spec.thresholds) {
    if (thresholds.scope.empty()) everywhere = thresholds;
  }
  append_limits(out, everywhere);
  out += R"(,"thresholds":[)";
  bool first = true;
  for (const core::Thresholds& thresholds : spec.thresholds) {
    if (thresholds.scope.empty()) continue;
    if (!first) out += ',';
    first = false;
    out += R"({"scope":)";
    append_string(out, thresholds.scope);
    append_limits(out, thresholds);
    out += '}';
  }
  out += R"(],"not_told_by":)";
  append_name_lists(out, engine.not_told(spec.id));
  out += '}';
}

Response json(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

core::Error bad_parameter(const std::string& name, const std::string& expected) {
  return {"bad_parameter", "'" + name + "' must be " + expected, ""};
}

// "waiting,service_level" and "30m,today" -> columns; live KPIs and attributes have no window.
std::vector<std::string> columns_of(const core::Engine& engine, const std::vector<std::string>& kpis,
                                    const std::vector<std::string>& windows) {
  std::vector<std::string> columns;
  for (const std::string& kpi : kpis) {
    const int index = engine.catalogue().find(kpi);
    const bool windowed = index >= 0 && !engine.catalogue().kpis()[static_cast<std::size_t>(index)].live;
    if (!windowed) {
      columns.push_back(kpi);
      continue;
    }
    for (const std::string& window : windows) columns.push_back(kpi + "@" + window);
  }
  std::sort(columns.begin(), columns.end());
  return columns;
}

struct Question {
  std::vector<std::string> scopes;
  std::vector<std::string> kpis;
};

core::Result<Question> read_question(const core::Engine& engine, const Parameters& query) {
  Question question;
  question.kpis = split(value_of(query, "kpi"));
  if (question.kpis.empty()) return bad_parameter("kpi", "one or more KPIs, separated by commas");
  const std::string pattern = value_of(query, "scope", "tenant");
  question.scopes = engine.scopes(pattern);
  if (question.scopes.empty() && pattern.find('*') == std::string::npos) {
    return core::Error{"unknown_scope", "nothing has been heard of '" + pattern + "'", ""};
  }
  return question;
}

// One row's values under sorted keys.
void append_values(std::string& out, const core::Engine& engine, std::string_view scope,
                   const std::vector<std::string>& keys, const std::vector<core::Value>& values, Stretch when) {
  out += '{';
  bool first = true;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    append_member(out, first, keys[i]);
    append_covered(out, engine, scope, keys[i], when, values[i]);
  }
  out += '}';
}

struct Steps {
  core::Step step;
  const char* name;
};

std::optional<Steps> parse_step(const std::string& text) {
  if (text == "15m") return Steps{core::Step::interval, "15m"};
  if (text == "1h") return Steps{core::Step::hour, "1h"};
  if (text == "1d") return Steps{core::Step::day, "1d"};
  if (text == "all") return Steps{core::Step::all, "all"};
  return std::nullopt;
}

}  // namespace

std::optional<Time> parse_instant(const std::string& text, const core::Zone& zone) {
  if (const auto instant = ingest::parse_rfc3339(text)) return instant;
  if (const auto instant = ingest::parse_epoch_ms(text)) return instant;
  if (text.size() != 10) return std::nullopt;
  const auto noon = ingest::parse_rfc3339(text + "T12:00:00Z");
  if (!noon) return std::nullopt;
  return zone.from_local(*noon - 12 * windows::kHour);
}

Response kpis_answer(const core::Engine& engine) {
  std::string out = R"({"kpis":[)";
  bool first = true;
  for (const core::Catalogue::Kpi& kpi : engine.catalogue().kpis()) {
    if (!first) out += ',';
    first = false;
    append_kpi(out, engine, kpi);
  }
  out += "]}";
  return json(std::move(out));
}

Response kpi_answer(const core::Engine& engine, const std::string& id) {
  const int index = engine.catalogue().find(id);
  if (index < 0) return problem(404, "unknown_kpi", "no KPI '" + id + "'; /v1/kpis lists them");
  std::string out;
  append_kpi(out, engine, engine.catalogue().kpis()[static_cast<std::size_t>(index)]);
  return json(std::move(out));
}

Response scopes_answer(const core::Engine& engine) {
  std::string out = R"({"scopes":[)";
  bool first = true;
  for (const std::string& scope : engine.scopes("*")) {
    if (!first) out += ',';
    first = false;
    append_string(out, scope);
  }
  out += "]}";
  return json(std::move(out));
}

Response current_answer(core::Engine& engine, const Parameters& query) {
  const auto question = read_question(engine, query);
  if (!question) return problem(question.error());
  const auto columns = columns_of(engine, question->kpis, split(value_of(query, "window", "today")));
  if (columns.size() * question->scopes.size() > kMaxRows) {
    return problem(422, "too_many_rows", "more than 50000 values; ask for fewer scopes or KPIs");
  }
  std::string out = R"({"asof":)";
  append_instant(out, engine.now());
  out += R"(,"values":{)";
  bool first = true;
  std::vector<core::Value> values;
  for (const std::string& scope : question->scopes) {
    values.clear();
    for (const std::string& column : columns) {
      const auto value = engine.current(scope, column);
      if (!value) return problem(value.error());
      values.push_back(*value);
    }
    append_member(out, first, scope);
    append_values(out, engine, scope, columns, values, shown_at(engine.now()));
  }
  out += "}}";
  return json(std::move(out));
}

Response history_answer(core::Engine& engine, const Parameters& query) {
  const auto question = read_question(engine, query);
  if (!question) return problem(question.error());
  const auto step = parse_step(value_of(query, "step", "15m"));
  if (!step) return problem(bad_parameter("step", "15m, 1h, 1d or all"));
  std::optional<Time> from = engine.zone().midnight_at_or_before(engine.now());
  std::optional<Time> to = engine.now();
  if (query.contains("from")) from = parse_instant(query.at("from"), engine.zone());
  if (query.contains("to")) to = parse_instant(query.at("to"), engine.zone());
  if (!from || !to) return problem(bad_parameter(from ? "to" : "from", "RFC 3339, ms since 1970 or a date"));

  std::string out = R"({"step":")" + std::string(step->name) + R"(","zone":)";
  append_string(out, engine.zone().name());
  out += R"(,"rows":[)";
  std::size_t rows = 0;
  for (const std::string& scope : question->scopes) {
    const auto history = engine.history(scope, question->kpis, *from, *to, step->step);
    if (!history) return problem(history.error());
    for (const core::HistoryRow& row : *history) {
      if (rows++ > 0) out += ',';
      out += R"({"scope":)";
      append_string(out, scope);
      out += R"(,"from":)";
      append_instant(out, row.from);
      out += R"(,"to":)";
      append_instant(out, row.to);
      out += R"(,"values":)";
      append_values(out, engine, scope, question->kpis, row.values, {row.from, row.to});
      out += '}';
    }
    if (rows > kMaxRows) return problem(422, "too_many_rows", "more than 50000 rows; ask for less at once");
  }
  out += "]}";
  return json(std::move(out));
}

Response trend_answer(core::Engine& engine, const Parameters& query) {
  const auto question = read_question(engine, query);
  if (!question) return problem(question.error());
  if (question->scopes.size() != 1) return problem(bad_parameter("scope", "one scope"));
  const std::string minutes_text = value_of(query, "minutes", "30");
  const auto step = parse_duration(value_of(query, "step", "30s"));
  std::int64_t minutes = 0;
  const auto [end, error] = std::from_chars(minutes_text.data(), minutes_text.data() + minutes_text.size(), minutes);
  const bool whole = error == std::errc() && end == minutes_text.data() + minutes_text.size();
  if (!whole || minutes < 1 || minutes > 60) return problem(bad_parameter("minutes", "1 to 60"));
  if (!step || *step < windows::kSecond)
    return problem(bad_parameter("step", "a duration of at least 1s, such as 30s"));

  const auto trend = engine.trend(question->scopes[0], question->kpis, minutes * windows::kMinute, *step);
  if (!trend) return problem(trend.error());
  std::string out = R"({"scope":)";
  append_string(out, question->scopes[0]);
  out += R"(,"from":)";
  append_instant(out, trend->empty() ? windows::kNever : trend->front().from);
  out += R"(,"step_ms":)";
  append_integer(out, *step);
  out += R"(,"values":{)";
  bool first = true;
  for (std::size_t kpi = 0; kpi < question->kpis.size(); ++kpi) {
    append_member(out, first, question->kpis[kpi]);
    out += '[';
    for (std::size_t i = 0; i < trend->size(); ++i) {
      if (i > 0) out += ',';
      const core::HistoryRow& row = (*trend)[i];
      append_covered(out, engine, question->scopes[0], question->kpis[kpi], {row.from, row.to}, row.values[kpi]);
    }
    out += ']';
  }
  out += "}}";
  return json(std::move(out));
}

Response record_answer(const core::Engine& engine, const std::string& kind, const std::string& id) {
  auto record = engine.describe(kind, id);
  if (!record) return problem(404, "unknown_record", "no " + kind + " '" + id + "' is known");
  return json(std::move(*record));
}

}  // namespace server
