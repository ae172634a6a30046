// The engine against the oracle: random streams, and after every event and every step of time the same numbers.
//
// RINGSIDE_STREAMS=n says how many streams, RINGSIDE_SEED=n repeats one. A failure names its seed.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "map_archive.h"
#include "oracle.h"
#include "streams.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::Engine;
using core::Event;
using core::Time;
using core::Value;
using oracle::Oracle;
using streams::Dice;
using streams::Stream;
using windows::kDay;
using windows::kHour;
using windows::kMinute;
using windows::kNever;
using windows::kSecond;

std::int64_t comparisons = 0;
std::int64_t applied = 0;
std::int64_t crashes = 0;
std::int64_t in_memory = 0, in_all = 0;  // records in memory after restarts, and known

std::string shown(const std::optional<double>& v) {
  char text[40] = "null";
  if (v) std::snprintf(text, sizeof text, "%.17g", *v);
  return text;
}

std::unique_ptr<Engine> engine_for(const Stream& stream) {
  auto engine = Engine::create(stream.settings);
  if (!engine) FAIL(engine.error().message << " at " << engine.error().where);
  return std::move(*engine);
}

// kept: rows are handed out all the time, and every now and then the process ends and begins anew.
// cold: besides, what is older than today and the longest window leaves memory.
enum class Mode { plain, kept, cold };

class Trial {
 public:
  Trial(std::uint64_t seed, Mode mode)
      : seed_(seed), mode_(mode), dice_(seed ^ 0xD1CE), stream_(streams::make(seed)), oracle_(stream_.settings) {
    if (mode == Mode::cold) {
      stream_.settings.kept_in_memory = 0;
      delay_some();
    }
    engine_ = engine_for(stream_);
    if (mode == Mode::cold) engine_->attach(&archive_);
    for (const auto& kpi : engine_->catalogue().kpis()) {
      if (kpi.live) {
        columns_.push_back(kpi.spec.id);
        continue;
      }
      for (int w = 0; w <= engine_->catalogue().layout().windows(); ++w)
        columns_.push_back(kpi.spec.id + "@" + engine_->catalogue().window_label(w));
    }
  }

  void run() {
    open_views();
    Time now = stream_.deliveries.empty() ? stream_.begin : stream_.deliveries.front().when;
    advance(*engine_, now);
    oracle_.advance(now);
    for (const auto& [when, event] : stream_.deliveries) {
      now = std::max(now, when);
      step_to(now);
      give(*engine_, event);
      oracle_.apply(event);
      ++applied;
      if (mode_ != Mode::plain) {
        journal_.push_back({now, event});
        keep();
      }
      sample(8);
      if (dice_.percent(30)) look_at_views();
    }
    now += dice_.of(std::vector<core::Duration>{1, 40 * kSecond, kHour, 2 * kDay});
    step_to(now);
    if (mode_ != Mode::plain) crash();
    everything(*engine_, "in order of arrival");
    history();
    trend();
    look_at_views();
    if (mode_ == Mode::plain) other_orders();
    step_to(now + dice_.of(std::vector<core::Duration>{kMinute, 5 * kHour, 9 * kDay}));
    sample(60);
    history();
    look_at_views();
  }

 private:
  void fail(const std::string& what) { FAIL("RINGSIDE_SEED=" << seed_ << ": " << what); }

  void advance(Engine& engine, Time now) { engine.advance(now); }
  void give(Engine& engine, const Event& event) {
    const auto outcome = engine.apply(event);
    if (!outcome) fail("refused: " + outcome.error().message);
  }

  // Some of it is heard of days later, when all it is about has left memory.
  void delay_some() {
    for (streams::Delivery& d : stream_.deliveries) {
      if (dice_.percent(15)) d.when += dice_.below(12 * kDay);
    }
    std::stable_sort(stream_.deliveries.begin(), stream_.deliveries.end(),
                     [](const streams::Delivery& a, const streams::Delivery& b) { return a.when < b.when; });
  }

  // ---- keeping ----
  void keep() {
    if (dice_.percent(mode_ == Mode::cold ? 45 : 20) && engine_->begin_keep(generation_ + 1)) {
      ++generation_;
      begun_ = journal_.size();
    }
    if (begun_ && engine_->keep_some(static_cast<std::size_t>(1 + dice_.below(dice_.percent(50) ? 5 : 500)),
                                     [&](core::Kept&& row) { archive_.write(generation_, std::move(row)); })) {
      finished_.push_back({generation_, *begun_});
      begun_.reset();
      if (dice_.percent(70)) complete();
    }
    if (dice_.percent(3)) crash();
  }

  // The oldest generation that is all out becomes durable.
  void complete() {
    archive_.complete(finished_.front().first);
    engine_->kept(finished_.front().first);
    replay_from_ = finished_.front().second;
    finished_.erase(finished_.begin());
  }

  void crash() {
    if (!finished_.empty() && dice_.percent(50)) complete();
    archive_.forget();
    finished_.clear();
    begun_.reset();
    auto other = engine_for(stream_);
    const auto restored = other->restore(archive_);
    if (!restored) return fail("restore: " + restored.error().message);
    if (mode_ == Mode::cold) other->attach(&archive_);
    for (std::size_t i = replay_from_; i < journal_.size(); ++i) {
      advance(*other, journal_[i].when);
      give(*other, journal_[i].event);
    }
    advance(*other, engine_->now());
    in_memory += static_cast<std::int64_t>(other->counts().records);
    if (other->digest() != engine_->digest()) fail("the restored engine differs");
    if (other->scopes("*") != engine_->scopes("*")) fail("the restored engine knows other scopes");
    if (other->counts().applied != engine_->counts().applied) fail("the restored engine counted otherwise");
    same_records(*other);
    if (mode_ == Mode::cold) same_as_in_memory(*other);
    engine_ = std::move(other);
    generation_ = archive_.generation();
    ++crashes;
    if (dice_.percent(20)) everything(*engine_, "restored");
    views_.clear();
    open_views();
  }

  // As if nothing had ever left memory.
  void same_as_in_memory(Engine& engine) {
    auto plain = engine_for(stream_);
    for (const auto& [when, event] : journal_) {
      advance(*plain, when);
      give(*plain, event);
    }
    advance(*plain, engine.now());
    if (plain->digest() != engine.digest()) fail("differs from an engine that has all in memory");
    in_all += static_cast<std::int64_t>(plain->counts().records);
  }

  // Time passes in one piece or in many.
  void step_to(Time to) {
    for (auto n = dice_.percent(50) ? 0 : dice_.below(4); n > 0; --n) {
      const Time from = engine_->now();
      if (to - from < 2) break;
      const Time at = dice_.percent(30) ? std::min(to, from + dice_.below(3 * kSecond)) : from + dice_.below(to - from);
      advance(*engine_, at);
      oracle_.advance(at);
      sample(2);
      if (dice_.percent(20)) look_at_views();
    }
    advance(*engine_, to);
    oracle_.advance(to);
    sample(2);
  }

  std::string formula(const std::string& column) const {
    const int index = engine_->catalogue().find(column.substr(0, column.find('@')));
    const core::KpiSpec& spec = engine_->catalogue().kpis()[static_cast<std::size_t>(index)].spec;
    return column + " = " + spec.formula + " (by " + std::string(core::name(spec.attribution)) + ")";
  }

  void compare(Engine& engine, const std::string& scope, const std::string& column, const char* when) {
    const auto expected = oracle_.current(scope, column);
    const auto got = engine.current(scope, column);
    ++comparisons;
    std::optional<double> number;
    if (!got) {
      // A scope none of whose measures any KPI asks for is not kept; that must be as good as an empty one.
      if (got.error().code != "unknown_scope") return fail(scope + ": " + got.error().message + " " + when);
      number = oracle_.current("site/nowhere", column);
    } else if (got->kind == Value::Kind::number) {
      number = got->number;
    }
    if (number != expected)
      fail(std::string(when) + ", now " + std::to_string(engine.now()) + ": " + scope + " " + formula(column) +
           ": engine " + shown(number) + ", oracle " + shown(expected));
  }

  void compare_agent(Engine& engine, const std::string& name) {
    const oracle::AgentNow expected = oracle_.agent(name);
    const std::string scope = "agent/" + name;
    const auto word = [&](const char* column) {
      const auto got = engine.current(scope, column);
      if (!got) fail(got.error().message);
      return got->kind == Value::Kind::text ? std::string(got->text)
             : got->kind == Value::Kind::none ? "" : std::to_string(static_cast<std::int64_t>(got->number));
    };
    const std::string since = expected.since ? std::to_string(*expected.since) : "";
    const std::pair<const char*, std::string> all[] = {{"state", expected.state}, {"state_reason", expected.reason},
                                                       {"state_since", since},     {"team", expected.team},
                                                       {"site", expected.site}};
    for (const auto& [column, value] : all) {
      ++comparisons;
      if (word(column) != value)
        fail("now " + std::to_string(engine.now()) + ": " + scope + " " + column + ": engine \"" + word(column) +
             "\", oracle \"" + value + "\"");
    }
  }

  void sample(int n) {
    const std::vector<std::string> scopes(oracle_.scopes().begin(), oracle_.scopes().end());
    for (int i = 0; i < n; ++i) compare(*engine_, dice_.of(scopes), dice_.of(columns_), "sampled");
    const auto names = oracle_.agents();
    if (!names.empty() && dice_.percent(50)) {
      const std::string name = dice_.of(names);
      if (!engine_->scopes("agent/" + name).empty()) compare_agent(*engine_, name);
    }
  }

  void everything(Engine& engine, const char* how) {
    for (const std::string& scope : oracle_.scopes()) {
      for (const std::string& column : columns_) {
        if (columns_.size() < 200 || dice_.percent(15)) compare(engine, scope, column, how);
      }
    }
    for (const std::string& name : oracle_.agents()) {
      if (!engine.scopes("agent/" + name).empty()) compare_agent(engine, name);
    }
  }

  void compare_rows(const std::string& scope, const std::vector<std::string>& ids,
                    const std::vector<core::HistoryRow>& rows, const char* what) {
    for (const core::HistoryRow& row : rows) {
      const bool running = row.from <= oracle_.now() && row.to > oracle_.now();
      for (std::size_t k = 0; k < ids.size(); ++k) {
        std::optional<double> expected, number;
        if (row.from <= oracle_.now()) expected = oracle_.value(scope, ids[k], {row.from, row.to, running});
        if (row.values[k].kind == Value::Kind::number) number = row.values[k].number;
        ++comparisons;
        if (number != expected)
          fail(std::string(what) + " [" + std::to_string(row.from) + ", " + std::to_string(row.to) + ") now " +
               std::to_string(oracle_.now()) + ": " + scope + " " + formula(ids[k]) + ": engine " + shown(number) +
               ", oracle " + shown(expected));
      }
    }
  }

  std::vector<std::string> some_kpis() {
    std::vector<std::string> ids;
    for (int i = 0; i < 6; ++i) {
      const auto& kpis = engine_->catalogue().kpis();
      ids.push_back(kpis[static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(kpis.size())))].spec.id);
    }
    return ids;
  }

  void history() {
    const core::Zone& zone = stream_.settings.zone;
    for (const core::Step step : {core::Step::interval, core::Step::hour, core::Step::day, core::Step::all}) {
      const std::string scope = dice_.of(engine_->scopes("*"));
      const auto ids = some_kpis();
      const Time now = engine_->now();
      const core::Duration reach = step == core::Step::interval ? 3 * kHour
                                   : step == core::Step::hour   ? kDay
                                                                : 5 * kDay;
      const Time to = dice_.percent(50) ? now + 1 + dice_.below(2 * kHour) : stream_.begin + dice_.below(reach);
      const Time from = to - 1 - dice_.below(reach);
      const auto rows = engine_->history(scope, ids, from, to, step);
      if (!rows) return fail("history: " + rows.error().message);
      // The rows lie end to end, on the step's boundaries, and cover the range.
      if (rows->empty() || rows->front().from > from || rows->back().to < to) fail("history does not cover its range");
      for (std::size_t i = 0; i < rows->size(); ++i) {
        const auto& row = (*rows)[i];
        if (i > 0 && (*rows)[i - 1].to != row.from) fail("history has a gap or an overlap");
        if (step == core::Step::interval && (row.from % (15 * kMinute) != 0 || row.to - row.from != 15 * kMinute))
          fail("not an interval");
        if (step == core::Step::hour && (zone.to_local(row.from) % kHour != 0 || zone.to_local(row.to) % kHour != 0))
          fail("not an hour");
        if (step == core::Step::day &&
            (row.from != zone.midnight_at_or_before(row.from) || row.to != zone.next_midnight(row.from)))
          fail("not a day");
      }
      compare_rows(scope, ids, *rows, "history");
    }
  }

  void trend() {
    const std::string scope = dice_.of(engine_->scopes("*"));
    const auto ids = some_kpis();
    const core::Duration longest = stream_.settings.windows.back();
    const core::Duration step = kSecond * (1 + dice_.below(longest / kSecond / 4));
    const core::Duration length = step + dice_.below(std::min(30 * step, longest - 2 * step));
    const auto rows = engine_->trend(scope, ids, length, step);
    if (!rows) return fail("trend: " + rows.error().message);
    for (std::size_t i = 0; i < rows->size(); ++i) {
      if ((*rows)[i].from % step != 0) fail("a slice of the trend is off its grid");
      if (i > 0 && (*rows)[i - 1].from + step != (*rows)[i].from) fail("the trend has a gap");
    }
    auto whole = *rows;
    for (auto& row : whole) row.to = row.from + step;
    if (whole.empty() || whole.back().to <= engine_->now()) fail("the trend does not reach now");
    compare_rows(scope, ids, whole, "trend");
  }

  // ---- views: what they told piece by piece is what is the case ----
  void open_views() {
    for (std::vector<std::string> scopes :
         {std::vector<std::string>{"tenant", "queue/*"}, {"agent/*", "team/*"}, {"*"}}) {
      core::ViewDefinition d{"v", {{std::move(scopes), {"state", "state_since", "state_reason", "team", "site"}}}};
      auto columns = columns_;
      dice_.shuffle(columns);
      columns.resize(std::min<std::size_t>(columns.size(), 8));
      d.groups[0].columns.insert(d.groups[0].columns.end(), columns.begin(), columns.end());
      const auto id = engine_->open_view(d);
      if (!id) return fail("view: " + id.error().message);
      views_.push_back({*id, d, {}});
    }
  }

  void look_at_views() {
    for (auto& view : views_) {
      if (dice_.percent(30)) continue;
      const auto& changes = engine_->view_changes(view.id);
      const bool new_second = engine_->now() / kSecond != view.second;
      view.second = engine_->now() / kSecond;
      for (const auto& cell : changes.cells) {
        Value& known = view.cells[{std::string(cell.row), std::string(cell.column)}];
        if (known == cell.value && known.kind != Value::Kind::none) fail("a view told what was known");
        known = cell.value;
      }
      for (const auto& [key, value] : view.cells) {
        const bool attribute = key.second.find('@') == std::string::npos && engine_->catalogue().find(key.second) < 0;
        const auto fresh = engine_->current(key.first, key.second);
        if (!fresh) fail(fresh.error().message);
        Value expected = *fresh;
        if (!attribute) {
          const int index = engine_->catalogue().find(key.second.substr(0, key.second.find('@')));
          const auto& kpi = engine_->catalogue().kpis()[static_cast<std::size_t>(index)];
          if (kpi.moves && !new_second) continue;  // running times are told once a second
          if (expected.kind == Value::Kind::number) expected.number = core::rounded(expected.number, kpi.spec.decimals);
        }
        ++comparisons;
        if (!(expected == value))
          fail("view at " + std::to_string(engine_->now()) + ": " + key.first + " " + key.second + " is " +
               (value.kind == Value::Kind::number ? shown(value.number) : std::string(value.text)) + ", should be " +
               (expected.kind == Value::Kind::number ? shown(expected.number) : std::string(expected.text)));
      }
      for (const std::string& scope : engine_->scopes("*")) {
        const auto& patterns = view.definition.groups[0].scopes;
        const bool shows = std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) {
          return p == "*" || p == scope || (p.back() == '*' && scope.rfind(p.substr(0, p.size() - 1), 0) == 0);
        });
        if (shows && view.cells.count({scope, view.definition.groups[0].columns.back()}) == 0) fail("no row " + scope);
      }
    }
  }

  // ---- the same events otherwise: another order, more often, time cut up differently ----
  void other_orders() {
    for (int variant = 0; variant < 2; ++variant) {
      auto deliveries = stream_.deliveries;
      dice_.shuffle(deliveries);
      auto other = engine_for(stream_);
      const Time end = engine_->now();
      for (const auto& [when, event] : deliveries) {
        if (variant == 0 && dice_.percent(10))
          advance(*other, std::max(other->now(), std::min(end, stream_.begin + dice_.below(3 * kDay))));
        if (variant == 1 && other->now() == 0) advance(*other, end);  // all of it late
        give(*other, event);
        if (dice_.percent(20)) give(*other, event);
      }
      advance(*other, end);
      everything(*other, variant == 0 ? "shuffled" : "all late");
      same_records(*other);
    }
  }

  void same_records(const Engine& other) {
    const auto compare_text = [&](const char* kind, const std::string& id) {
      const auto a = engine_->describe(kind, id), b = other.describe(kind, id);
      ++comparisons;
      if (a != b)
        fail(std::string(kind) + " " + id + " is described as\n" + a.value_or("-") + "\nand\n" + b.value_or("-"));
    };
    for (const std::string& id : oracle_.calls()) compare_text("call", id);
    for (const std::string& id : oracle_.tickets()) compare_text("ticket", id);
    for (const std::string& id : oracle_.agents()) {
      if (engine_->describe("agent", id) && other.describe("agent", id)) compare_text("agent", id);
    }
  }

  struct Shown {
    int id;
    core::ViewDefinition definition;
    std::map<std::pair<std::string, std::string>, Value> cells;
    std::int64_t second = -1;
  };

  std::uint64_t seed_;
  Mode mode_;
  Dice dice_;
  Stream stream_;
  Oracle oracle_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::string> columns_;
  std::vector<Shown> views_;
  MapArchive archive_;
  std::vector<streams::Delivery> journal_;  // with the time each event was applied at
  std::uint64_t generation_ = 0;
  std::optional<std::size_t> begun_;  // the journal's length when the generation being handed out began
  std::vector<std::pair<std::uint64_t, std::size_t>> finished_;  // all out, not durable yet; likewise
  std::size_t replay_from_ = 0;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void run(Mode mode, std::uint64_t streams) {
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t seed = number_from("RINGSIDE_SEED", 0);
  const std::uint64_t count = seed != 0 ? 1 : number_from("RINGSIDE_STREAMS", streams);
  const std::uint64_t first = seed != 0 ? seed : number_from("RINGSIDE_FIRST_SEED", 1);
  comparisons = applied = crashes = in_memory = in_all = 0;
  for (std::uint64_t s = first; s < first + count; ++s) Trial(s, mode).run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto n = [](auto number) { return static_cast<long long>(number); };
  std::printf("seeds %lld to %lld: %lld events, %lld restarts, %lld comparisons, %.1f s\n", n(first),
              n(first + count - 1), n(applied), n(crashes), n(comparisons), took.count());
  if (mode == Mode::cold) std::printf("  %lld of %lld records in memory after restarts\n", n(in_memory), n(in_all));
}

}  // namespace

TEST_CASE("random streams give the numbers of the oracle, in any order") { run(Mode::plain, 250); }

TEST_CASE("random streams give the numbers of the oracle, with a restart at any moment") { run(Mode::kept, 120); }

TEST_CASE("random streams give the numbers of the oracle, with what is old on disk only") { run(Mode::cold, 120); }
