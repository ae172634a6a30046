#include "tools/simulate/organisation.h"

#include <algorithm>

#include "windows/check.h"

namespace simulate {
namespace {

using windows::kHour;
using windows::kMinute;
using windows::kSecond;

struct Shift {
  int from;
  int to;
};

// Most are there through the day, a few until late, one in a dozen over night.
constexpr std::array<Shift, 12> kShifts{{{7 * 60, 15 * 60 + 30},
                                         {8 * 60, 16 * 60 + 30},
                                         {8 * 60 + 30, 17 * 60},
                                         {9 * 60, 17 * 60 + 30},
                                         {8 * 60, 16 * 60 + 30},
                                         {9 * 60 + 30, 18 * 60},
                                         {7 * 60 + 30, 16 * 60},
                                         {9 * 60, 17 * 60 + 30},
                                         {13 * 60, 21 * 60 + 30},
                                         {8 * 60, 16 * 60 + 30},
                                         {10 * 60, 18 * 60 + 30},
                                         {21 * 60, 31 * 60}}};

void hire(Organisation& organisation, int count, std::string_view team, std::string_view site,
          const std::vector<Skill>& skills, int slots = 1) {
  for (int i = 0; i < count; ++i) {
    const std::size_t number = organisation.agents.size();
    const auto colleagues = std::count_if(organisation.agents.begin(), organisation.agents.end(),
                                          [&](const AgentSpec& a) { return a.team == team; });
    const Shift shift = kShifts[static_cast<std::size_t>(colleagues) % kShifts.size()];
    organisation.agents.push_back(AgentSpec{std::to_string(1001 + number), team, site, skills,
                                            slots, shift.from, shift.to});
  }
}

}  // namespace

Organisation organisation() {
  Organisation result;
  result.queues[kSales] = {.id = "sales",
                           .team = "sales",
                           .site = "berlin",
                           .channel = "voice",
                           .priority = "normal",
                           .per_hour = 58,
                           .talk_median = 235 * kSecond,
                           .wrap_median = 28 * kSecond,
                           .patience = 150 * kSecond,
                           .transfer = {kBilling, 0.04},
                           .overflow_after = 100 * kSecond,
                           .overflow_to = kBilling};
  result.queues[kBilling] = {.id = "billing",
                             .team = "billing",
                             .site = "berlin",
                             .channel = "voice",
                             .priority = "normal",
                             .per_hour = 46,
                             .talk_median = 255 * kSecond,
                             .wrap_median = 35 * kSecond,
                             .patience = 200 * kSecond,
                             .transfer = {kSales, 0.03},
                             .voicemail_after = 5 * kMinute,
                             .tickets_per_hour = 7};
  result.queues[kTier1] = {.id = "support-1",
                           .team = "support-1",
                           .site = "lisbon",
                           .channel = "voice",
                           .priority = "normal",
                           .per_hour = 104,
                           .talk_median = 225 * kSecond,
                           .wrap_median = 32 * kSecond,
                           .patience = 190 * kSecond,
                           .transfer = {kTier2, 0.11},
                           .callback_after = 2 * kMinute,
                           .tickets_per_hour = 12};
  result.queues[kTier2] = {.id = "support-2",
                           .team = "support-2",
                           .site = "dublin",
                           .channel = "voice",
                           .priority = "normal",
                           .per_hour = 12,
                           .talk_median = 400 * kSecond,
                           .wrap_median = 60 * kSecond,
                           .patience = 260 * kSecond,
                           .transfer = {},
                           .voicemail_after = 7 * kMinute,
                           .tickets_per_hour = 5};
  result.queues[kVip] = {.id = "vip",
                         .team = "care",
                         .site = "dublin",
                         .channel = "voice",
                         .priority = "high",
                         .per_hour = 17,
                         .talk_median = 270 * kSecond,
                         .wrap_median = 40 * kSecond,
                         .patience = 140 * kSecond,
                         .transfer = {kTier2, 0.05},
                         .overflow_after = 45 * kSecond,
                         .overflow_to = kTier1};
  result.queues[kChat] = {.id = "chat",
                          .team = "care",
                          .site = "dublin",
                          .channel = "chat",
                          .priority = "normal",
                          .per_hour = 54,
                          .talk_median = 390 * kSecond,
                          .wrap_median = 20 * kSecond,
                          .patience = 240 * kSecond,
                          .transfer = {}};
  hire(result, 10, "sales", "berlin", {{kSales, 1}, {kBilling, 3}});
  hire(result, 8, "billing", "berlin", {{kBilling, 1}, {kSales, 3}});
  hire(result, 11, "support-1", "lisbon", {{kTier1, 1}, {kVip, 3}});
  hire(result, 4, "support-1", "dublin", {{kTier1, 1}, {kVip, 2}});
  hire(result, 7, "support-2", "dublin", {{kTier2, 1}, {kVip, 3}});
  hire(result, 4, "care", "dublin", {{kVip, 1}, {kTier1, 3}});
  hire(result, 4, "care", "lisbon", {{kChat, 1}}, 3);
  return result;
}

double busyness(Duration of_day) {
  static constexpr std::array<double, 25> kHourly{
      0.06, 0.04, 0.03, 0.03, 0.04, 0.06, 0.14, 0.35, 0.68, 0.92, 1.00, 0.98, 0.82,
      0.78, 0.90, 0.95, 0.86, 0.66, 0.45, 0.32, 0.24, 0.17, 0.12, 0.08, 0.06};
  CHECK(of_day >= 0 && of_day < 24 * kHour, "a time of day");
  const auto hour = static_cast<std::size_t>(of_day / kHour);
  const double within = static_cast<double>(of_day % kHour) / static_cast<double>(kHour);
  return kHourly[hour] + (kHourly[hour + 1] - kHourly[hour]) * within;
}

}  // namespace simulate
