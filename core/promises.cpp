#include "core/promises.h"

#include <algorithm>
#include <bit>
#include <map>

namespace core {
namespace {

constexpr std::size_t kQueue = 0, kTeam = 1, kPriority = 2, kCategory = 3, kChannel = 4, kTags = 5;
constexpr bool is_of_calls(ClockKind kind) { return kind >= ClockKind::answer; }

const std::vector<std::string>& words_of(const SlaMatch& match, std::size_t part) {
  switch (part) {
    case kQueue: return match.queues;
    case kTeam: return match.teams;
    case kPriority: return match.priorities;
    case kCategory: return match.categories;
    case kChannel: return match.channels;
    default: return match.tags;
  }
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether `word` is one of the words in `list`, which has commas between them.
bool among(std::string_view list, std::string_view word) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (list.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

bool valid_at(const SlaPolicy& policy, Time at) {
  return (policy.valid_from == windows::kNever || policy.valid_from <= at) &&
         (policy.valid_to == windows::kNever || at < policy.valid_to);
}

std::string place(std::size_t policy) { return "/sla/" + std::to_string(policy); }

Error bad(std::string message, std::string where) { return {"bad_policy", std::move(message), std::move(where)}; }

Status check_target(const SlaSettings& settings, const SlaPolicy& policy, std::size_t index, const std::string& where) {
  const SlaTarget& target = policy.targets[index];
  const std::string what = "the target of " + std::string(name(target.clock));
  if (target.within <= 0) return bad(what + " must be longer than nothing", where);
  if (target.within > 10 * 366 * windows::kDay) return bad(what + " is longer than ten years", where);
  for (std::size_t i = 0; i < index; ++i) {
    const SlaTarget& other = policy.targets[i];
    if (other.clock == target.clock && other.priority == target.priority)
      return bad(what + (target.priority.empty() ? "" : " for priority " + target.priority) + " is given twice", where);
  }
  if (target.calendar < 0) return Done{};
  if (static_cast<std::size_t>(target.calendar) >= settings.calendars.size())
    return bad(what + " names a calendar that does not exist", where);
  const Calendar& calendar = settings.calendars[static_cast<std::size_t>(target.calendar)];
  const Time from = policy.valid_from != windows::kNever ? policy.valid_from
                    : calendar.schedules().back().valid_from != windows::kNever
                        ? calendar.schedules().back().valid_from
                        : 0;
  if (calendar.after(from, target.within) == windows::kNever)
    return bad(what + " cannot be reached: calendar " + calendar.id() + " has less business time in ten years", where);
  return Done{};
}

Status check_policy(const SlaSettings& settings, std::size_t index) {
  const SlaPolicy& policy = settings.policies[index];
  const std::string where = place(index);
  if (policy.id.empty()) return bad("a policy needs an id", where);
  if (policy.valid_from != windows::kNever && policy.valid_to != windows::kNever &&
      policy.valid_to <= policy.valid_from)
    return bad("policy " + policy.id + " ends before it begins", where);
  if (policy.targets.empty()) return bad("policy " + policy.id + " promises nothing", where);
  for (std::size_t t = 0; t < policy.targets.size(); ++t) {
    const Status status = check_target(settings, policy, t, where + "/target/" + std::to_string(t));
    if (!status) return status;
  }
  for (std::size_t i = 0; i < policy.warnings.size(); ++i) {
    const int percent = policy.warnings[i];
    if (percent < 1 || percent > 99) return bad("warning points are 1 to 99 percent", where + "/warnings");
    if (i > 0 && policy.warnings[i - 1] >= percent)
      return bad("warning points go up, each once", where + "/warnings");
  }
  for (std::size_t i = 0; i < policy.escalations.size(); ++i) {
    const Escalation& step = policy.escalations[i];
    const std::string there = where + "/escalation/" + std::to_string(i);
    if (step.percent < 1 || step.percent > 100) return bad("an escalation comes at 1 to 100 percent", there);
    if (step.after < 0 || step.repeat < 0) return bad("an escalation does not come before its instant", there);
    if (step.receivers.empty()) return bad("an escalation tells somebody", there);
  }
  for (const Detail status : policy.pauses) {
    if (status < Detail::status_new || status > Detail::status_on_hold)
      return bad("clocks pause in the statuses new, open, pending, on_hold", where + "/pauses");
  }
  return Done{};
}

}  // namespace

std::string_view name(ClockKind kind) {
  constexpr std::array<std::string_view, kClockKinds> kNames = {
      "first_response", "next_reply", "periodic_update", "requester_wait", "agent_work",
      "resolution",     "answer",     "callback",        "voicemail"};
  return kNames[static_cast<std::size_t>(kind)];
}

Status Promises::check(const SlaSettings& settings) {
  std::map<std::string, std::vector<std::size_t>> versions;  // by id, in order of validity
  for (std::size_t i = 0; i < settings.policies.size(); ++i) {
    const Status status = check_policy(settings, i);
    if (!status) return status;
    versions[settings.policies[i].id].push_back(i);
  }
  for (auto& [id, indices] : versions) {
    std::sort(indices.begin(), indices.end(), [&](std::size_t a, std::size_t b) {
      return settings.policies[a].valid_from < settings.policies[b].valid_from;
    });
    for (std::size_t i = 1; i < indices.size(); ++i) {
      const SlaPolicy& before = settings.policies[indices[i - 1]];
      const SlaPolicy& after = settings.policies[indices[i]];
      if (before.valid_to == windows::kNever || after.valid_from == windows::kNever ||
          before.valid_to > after.valid_from)
        return bad("two versions of policy " + id + " are valid at the same time", place(indices[i]));
      if (before.valid_to < after.valid_from)
        return bad("between two versions of policy " + id + " none is valid", place(indices[i]));
    }
  }
  return Done{};
}

std::string Promises::text(const SlaSettings& settings, Time until) {
  std::string out;
  const auto number = [&](std::int64_t n) { (out += ' ') += std::to_string(n); };
  const auto word = [&](std::string_view w) {
    number(static_cast<std::int64_t>(w.size()));
    out += w;
  };
  const auto frames = [&](const std::vector<Frame>& list) {
    number(static_cast<std::int64_t>(list.size()));
    for (const Frame& frame : list) number(frame.from), number(frame.to);
  };
  for (const SlaPolicy& policy : settings.policies) {
    if (policy.valid_from != windows::kNever && policy.valid_from >= until) continue;
    word(policy.id);
    number(policy.valid_from);
    number(policy.valid_to != windows::kNever && policy.valid_to >= until ? windows::kNever : policy.valid_to);
    for (std::size_t part = 0; part < kParts; ++part) {
      number(static_cast<std::int64_t>(words_of(policy.match, part).size()));
      for (const std::string& w : words_of(policy.match, part)) word(w);
    }
    for (const SlaTarget& target : policy.targets) {
      number(static_cast<int>(target.clock));
      word(target.priority);
      number(target.within);
      number(target.calendar);
    }
    for (const Detail status : policy.pauses) number(static_cast<int>(status));
    number(policy.elapsed_is_kept);
  }
  if (out.empty()) return out;
  for (const Calendar& calendar : settings.calendars) {
    word(calendar.zone().name());
    for (const Schedule& schedule : calendar.schedules()) {
      if (schedule.valid_from != windows::kNever && schedule.valid_from >= until) continue;
      number(schedule.valid_from);
      for (const auto& day : schedule.week) frames(day);
      for (const auto& [date, special] : schedule.special) {
        if (days_from(date) * windows::kDay - 26 * windows::kHour >= until) continue;
        number(days_from(date));
        frames(special);
      }
    }
  }
  return out;
}

Promises::Promises(const SlaSettings& settings, Words words) : settings_(settings), words_(words) {
  terms_.resize(settings.policies.size());
  for (const SlaPolicy& policy : settings.policies) {
    std::vector<int>& points = points_.emplace_back(policy.warnings);
    for (const Escalation& step : policy.escalations) {
      if (step.percent < 100) points.push_back(step.percent);
    }
    std::sort(points.begin(), points.end());
    points.erase(std::unique(points.begin(), points.end()), points.end());
    for (const SlaTarget& target : policy.targets) {
      kinds_[static_cast<std::size_t>(target.clock)] = true;
      (is_of_calls(target.clock) ? for_calls_ : for_tickets_) = true;
    }
    for (const Time at : {policy.valid_from, policy.valid_to}) {
      if (at != windows::kNever) changes_.push_back(at);
    }
  }
  std::sort(changes_.begin(), changes_.end());
  changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
}

bool Promises::allows(std::size_t part, const SlaPolicy& policy, std::int64_t number) const {
  const std::vector<std::string>& words = words_of(policy.match, part);
  if (words.empty()) return true;
  if (number < 0) return false;
  const auto n = static_cast<std::uint32_t>(number);
  switch (part) {
    case kQueue: return contains(words, words_.queues.text(n));
    case kTeam: return contains(words, words_.teams.text(n));
    case kPriority: return contains(words, words_.priorities.text(n));
    case kCategory: return contains(words, words_.labels.text(n));
    case kChannel: return contains(words, words_.channels.text(n));
    default: {
      const std::string_view tags = words_.labels.text(n);
      return std::all_of(words.begin(), words.end(), [&](const std::string& tag) { return among(tags, tag); });
    }
  }
}

const Promises::Mask& Promises::mask(std::size_t part, std::int64_t number) {
  std::vector<Mask>& masks = masks_[part];
  const auto at = static_cast<std::size_t>(number + 1);
  if (masks.size() <= at) masks.resize(at + 1);
  Mask& mask = masks[at];
  if (!mask.empty()) return mask;
  mask.resize((settings_.policies.size() + 63) / 64);
  for (std::size_t p = 0; p < settings_.policies.size(); ++p) {
    if (allows(part, settings_.policies[p], number)) mask[p / 64] |= std::uint64_t{1} << (p % 64);
  }
  return mask;
}

int Promises::in_force(const Attributes& a, Time at) {
  const std::array<std::int64_t, kParts> numbers = {
      a.queue == kNoQueue ? -1 : std::int64_t{a.queue},
      a.team == 0xFFFFFFFF ? -1 : std::int64_t{a.team},
      a.priority == kNoName ? -1 : std::int64_t{a.priority},
      a.category,
      a.channel == kNoName ? -1 : std::int64_t{a.channel},
      a.tags,
  };
  std::array<const Mask*, kParts> masks;
  for (std::size_t part = 0; part < kParts; ++part) masks[part] = &mask(part, numbers[part]);
  for (std::size_t word = 0; word < (settings_.policies.size() + 63) / 64; ++word) {
    std::uint64_t bits = ~std::uint64_t{0};
    for (const Mask* m : masks) bits &= (*m)[word];
    for (; bits != 0; bits &= bits - 1) {
      const int p = static_cast<int>(word * 64) + std::countr_zero(bits);
      if (valid_at(settings_.policies[static_cast<std::size_t>(p)], at)) return p;
    }
  }
  return -1;
}

const Terms* Promises::terms(int policy, ClockKind kind, std::uint8_t priority) {
  auto& known = terms_[static_cast<std::size_t>(policy)];
  const std::size_t at = priority == kNoName ? 0 : priority + std::size_t{1};
  while (known.size() <= at) {
    const std::string_view word =
        known.empty() ? std::string_view() : words_.priorities.text(static_cast<std::uint32_t>(known.size() - 1));
    auto& row = known.emplace_back();
    for (const bool own : {false, true}) {
      for (const SlaTarget& target : settings_.policies[static_cast<std::size_t>(policy)].targets) {
        const bool meant = own ? !target.priority.empty() && target.priority == word : target.priority.empty();
        if (meant) row[static_cast<std::size_t>(target.clock)] = {target.within, target.calendar};
      }
    }
  }
  const Terms& terms = known[at][static_cast<std::size_t>(kind)];
  return terms.within > 0 ? &terms : nullptr;
}

bool Promises::pauses(int policy, Detail status) const {
  const std::vector<Detail>& pauses = settings_.policies[static_cast<std::size_t>(policy)].pauses;
  return std::find(pauses.begin(), pauses.end(), status) != pauses.end();
}

}  // namespace core
