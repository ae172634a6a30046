// An agent's activity as rows, one per UTC day, and letting go of days that are kept elsewhere.
#include <algorithm>

#include "core/agent.h"

namespace core {

using windows::kDay;

std::uint32_t AgentActivity::day_of(Time at) {
  return at < 0 ? 0 : static_cast<std::uint32_t>(at / kDay);
}

std::vector<std::uint32_t> AgentActivity::days(std::uint32_t from) const {
  std::vector<std::uint32_t> all;
  const Time begin = std::max(cut_, day_begin(from));
  for (const Presence& p : presence_) {
    if (p.at >= begin) all.push_back(day_of(p.at));
  }
  for (const Point& p : points_) {
    if (p.at >= begin) all.push_back(day_of(p.at));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// What holds just before `at`.
void AgentActivity::write_base(RowWriter& row, Time at) const {
  const auto presence = std::partition_point(presence_.begin(), presence_.end(),
                                             [&](const Presence& p) { return at != kNever && p.at < at; });
  const auto point =
      std::partition_point(points_.begin(), points_.end(), [&](const Point& p) { return at != kNever && p.at < at; });
  row.byte(presence != presence_.begin());
  if (presence != presence_.begin()) {
    const Presence& p = *std::prev(presence);
    row.difference(p.at);
    row.byte(p.order);
    row.raw(p.rank);
    row.byte(static_cast<std::uint8_t>(p.state));
    row.number(p.reason + 1u);
  }
  row.byte(point != points_.begin());
  if (point != points_.begin()) {
    row.difference(std::prev(point)->at);
    for (const std::int32_t count : std::prev(point)->count) row.difference(count);
  }
  if (at == cut_) {
    row.difference(since_before_);
    row.difference(login_before_);
  } else {
    row.difference(at == kNever ? kNever : this->at(at - 1).since);
    row.difference(at == kNever ? kNever : login_since(at - 1));
  }
}

bool AgentActivity::read_base(RowReader& row) {
  presence_.clear();
  points_.clear();
  if (row.byte() != 0) {
    Presence p;
    p.at = row.difference();
    p.order = row.byte();
    p.rank = row.raw<Rank>();
    p.state = static_cast<Activity>(row.byte());
    p.reason = row.number32() - 1u;
    if (p.state > Activity::away) return false;
    presence_.push_back(p);
  }
  if (row.byte() != 0) {
    Point point{row.difference(), {}};
    for (std::int32_t& count : point.count) count = static_cast<std::int32_t>(row.difference());
    points_.push_back(point);
  }
  since_before_ = row.difference();
  login_before_ = row.difference();
  return row.ok();
}

std::string AgentActivity::cut_row() const {
  RowWriter row;
  row.difference(cut_);
  write_base(row, cut_);
  return row.take();
}

bool AgentActivity::read_cut(RowReader& row) {
  cut_ = row.difference();
  return read_base(row) && row.done();
}

std::string AgentActivity::day_row(std::uint32_t day) const {
  const Time begin = day_begin(day), end = day_begin(day + 1), base = Time{day} * kDay;
  const auto first = [&](const auto& list) {
    return std::partition_point(list.begin(), list.end(), [&](const auto& x) { return x.at < begin; });
  };
  const auto last = [&](const auto& list) {
    return std::partition_point(list.begin(), list.end(), [&](const auto& x) { return x.at < end; });
  };
  RowWriter row;
  write_base(row, begin);
  const auto presence = first(presence_), presence_end = last(presence_);
  row.number(static_cast<std::uint64_t>(presence_end - presence));
  for (auto p = presence; p != presence_end; ++p) {
    row.difference(p->at - base);
    row.byte(p->order);
    row.raw(p->rank);
    row.byte(static_cast<std::uint8_t>(p->state));
    row.number(p->reason + 1u);
  }
  const auto points = first(points_), points_end = last(points_);
  row.number(static_cast<std::uint64_t>(points_end - points));
  for (auto p = points; p != points_end; ++p) {
    row.difference(p->at - base);
    for (const std::int32_t count : p->count) row.difference(count);
  }
  return row.take();
}

bool AgentActivity::read_day(std::uint32_t day, RowReader& row) {
  const Time base = Time{day} * kDay;
  if (presence_.empty() && points_.empty() && cut_ == kNever) {
    if (!read_base(row)) return false;
    if (!presence_.empty() || !points_.empty()) cut_ = day_begin(day);
  } else {
    // What was before is what was read before.
    AgentActivity before(agent_);
    if (!before.read_base(row)) return false;
  }
  for (std::uint64_t n = row.number(); n > 0 && row.ok(); --n) {
    Presence p;
    p.at = base + row.difference();
    p.order = row.byte();
    p.rank = row.raw<Rank>();
    p.state = static_cast<Activity>(row.byte());
    p.reason = row.number32() - 1u;
    if (p.state > Activity::away || (!presence_.empty() && p.at < presence_.back().at)) return false;
    presence_.push_back(p);
  }
  for (std::uint64_t n = row.number(); n > 0 && row.ok(); --n) {
    Point point{base + row.difference(), {}};
    for (std::int32_t& count : point.count) {
      count = static_cast<std::int32_t>(row.difference());
      if (count < 0) return false;
    }
    if (!points_.empty() && point.at <= points_.back().at) return false;
    points_.push_back(point);
  }
  return row.ok() && row.done();
}

void AgentActivity::forget_before(std::uint32_t day) {
  const Time cut = day_begin(day);
  if (cut <= cut_) return;
  const Time since = at(cut - 1).since, login = login_since(cut - 1);
  const auto drop = [&](auto& list) {
    const auto first = std::partition_point(list.begin(), list.end(), [&](const auto& x) { return x.at < cut; });
    if (first - list.begin() > 1) list.erase(list.begin(), std::prev(first));
    list.shrink_to_fit();
  };
  drop(presence_);
  drop(points_);
  since_before_ = since;
  login_before_ = login;
  cut_ = cut;
}

void AgentActivity::go_on_behind(AgentActivity&& older, std::uint32_t day) {
  if (older.presence_.empty() && older.points_.empty()) {  // nothing happened in between: what was before still holds
    cut_ = day_begin(day);
    return;
  }
  const auto append = [&](auto& list, auto& newer) {
    const auto first = std::partition_point(newer.begin(), newer.end(), [&](const auto& x) { return x.at < cut_; });
    list.insert(list.end(), first, newer.end());
    newer = std::move(list);
  };
  append(older.presence_, presence_);
  append(older.points_, points_);
  cut_ = older.cut_ == kNever ? kNever : day_begin(day);
  since_before_ = older.since_before_;
  login_before_ = older.login_before_;
}

std::size_t AgentActivity::bytes() const {
  return presence_.capacity() * sizeof(Presence) + points_.capacity() * sizeof(Point);
}

}  // namespace core
