#include "ingest/formats.h"

#include <algorithm>
#include <array>

#include "ingest/event_rules.h"
#include "ingest/formats_made.h"
#include "ingest/mapping.h"
#include "ingest/mapping_plan.h"
#include "ingest/native_format.h"

namespace ingest {

namespace {

using A = Ability;
using enum Grade;

constexpr Capability kQueueLog[] = {{A::queue_entry, direct},  {A::answer, direct},       {A::wait, direct},
                                    {A::abandon, direct},      {A::exits, direct},        {A::offers, direct},
                                    {A::talk, direct},         {A::transfers, direct},    {A::agent_presence, derived},
                                    {A::agent_state, derived}, {A::live_waiting, direct}, {A::live_talking, direct},
                                    {A::customer, configured}};
constexpr std::string_view kQueueLogKeys[] = {"ignore"};

constexpr Capability kAmi[] = {{A::queue_entry, direct},  {A::answer, direct},         {A::wait, direct},
                               {A::abandon, derived},     {A::exits, derived},         {A::offers, direct},
                               {A::talk, direct},         {A::hold, direct},           {A::transfers, direct},
                               {A::voicemail, derived},   {A::agent_presence, direct}, {A::agent_state, direct},
                               {A::live_waiting, direct}, {A::live_talking, direct},   {A::customer, configured},
                               {A::refused, derived},     {A::wrap_up, configured}};
constexpr std::string_view kAmiKeys[] = {"wrap_up_s"};
constexpr Capability kAsteriskCdr[] = {{A::arrival, direct}, {A::answer, derived},   {A::talk, direct},
                                       {A::offers, derived}, {A::voicemail, direct}, {A::customer, configured}};
constexpr std::string_view kAsteriskCdrKeys[] = {"inbound_contexts", "internal_contexts", "outbound_contexts"};
constexpr Capability kThreeCx[] = {{A::arrival, direct}, {A::queue_entry, derived}, {A::answer, derived},
                                   {A::wait, derived},   {A::abandon, derived},     {A::offers, derived},
                                   {A::talk, direct},    {A::transfers, derived},   {A::customer, configured}};
constexpr std::string_view kThreeCxKeys[] = {"fields", "menu_numbers", "queue_numbers"};
constexpr Capability kFreeswitchCdr[] = {{A::arrival, direct}, {A::queue_entry, direct}, {A::answer, direct},
                                         {A::wait, direct},    {A::abandon, direct},     {A::exits, direct},
                                         {A::talk, direct},    {A::hold, direct},        {A::voicemail, derived},
                                         {A::customer, configured}};
constexpr Capability kFreeswitchEvents[] = {
    {A::queue_entry, direct},  {A::answer, direct},       {A::wait, direct},           {A::abandon, direct},
    {A::exits, direct},        {A::offers, direct},       {A::talk, direct},           {A::hold, derived},
    {A::wrap_up, configured},  {A::voicemail, direct},    {A::agent_presence, direct}, {A::agent_state, direct},
    {A::live_waiting, direct}, {A::live_talking, direct}, {A::customer, configured}};
constexpr std::string_view kFreeswitchEventsKeys[] = {"domain", "wrap_up_s"};
constexpr std::string_view kFreeswitchCdrKeys[] = {"domain"};

constexpr Capability kZendesk[] = {{A::ticket_created, direct},    {A::ticket_assigned, direct},
                                   {A::ticket_status, direct},     {A::ticket_replies, direct},
                                   {A::ticket_solved, direct},     {A::ticket_reopened, direct},
                                   {A::rated, direct},      {A::agent_presence, configured},
                                   {A::agent_state, configured},   {A::customer, configured}};
constexpr Capability kJira[] = {{A::ticket_created, direct}, {A::ticket_assigned, direct}, {A::ticket_status, direct},
                                {A::ticket_replies, direct}, {A::ticket_solved, direct},   {A::ticket_reopened, direct},
                                {A::rated, direct},   {A::customer, configured}};
constexpr Capability kZammad[] = {{A::ticket_created, direct}, {A::ticket_assigned, derived},
                                  {A::ticket_status, derived}, {A::ticket_replies, direct},
                                  {A::ticket_solved, derived}, {A::ticket_reopened, derived},
                                  {A::rated, configured}, {A::customer, configured}};
constexpr std::string_view kStateKeys[] = {"states"};
// Of agents, and of tickets.
constexpr std::array<std::string_view, 14> kStateWords = {
    "available", "on_contact", "wrap_up", "break",   "meeting", "training", "away",
    "logout",    "new",        "open",    "pending", "on_hold", "solved",   "closed"};
constexpr std::string_view kJiraKeys[] = {"queue_field", "rating_field", "states"};
constexpr std::string_view kZammadKeys[] = {"rating_field", "states"};
constexpr Capability kAmazonConnect[] = {{A::arrival, direct},
                                         {A::menu, direct},
                                         {A::queue_entry, direct},
                                         {A::answer, direct},
                                         {A::wait, direct},
                                         {A::abandon, direct},
                                         {A::exits, derived},
                                         {A::offers, direct},
                                         {A::talk, direct},
                                         {A::hold, direct},
                                         {A::wrap_up, direct},
                                         {A::transfers, direct},
                                         {A::agent_presence, direct},
                                         {A::agent_state, direct},
                                         {A::concurrency, direct},
                                         {A::live_talking, direct},
                                         {A::live_waiting, configured},
                                         {A::customer, configured}};
constexpr Capability kTwilio[] = {{A::arrival, direct},        {A::queue_entry, direct},  {A::answer, direct},
                                  {A::wait, direct},           {A::abandon, derived},     {A::exits, derived},
                                  {A::offers, direct},         {A::talk, direct},         {A::wrap_up, direct},
                                  {A::transfers, direct},      {A::voicemail, derived},   {A::callback, derived},
                                  {A::agent_presence, direct}, {A::agent_state, direct},  {A::concurrency, direct},
                                  {A::live_waiting, direct},   {A::live_talking, direct}, {A::customer, configured}};
constexpr Capability kGenesys[] = {
    {A::arrival, direct},      {A::queue_entry, direct},  {A::answer, direct},         {A::wait, direct},
    {A::abandon, direct},      {A::offers, direct},       {A::talk, direct},           {A::hold, derived},
    {A::wrap_up, direct},      {A::transfers, direct},    {A::agent_presence, direct}, {A::agent_state, direct},
    {A::live_waiting, direct}, {A::live_talking, direct}, {A::concurrency, derived},   {A::customer, configured}};
constexpr Capability kLiveChat[] = {{A::arrival, direct},      {A::queue_entry, direct},    {A::answer, direct},
                                    {A::wait, direct},         {A::abandon, derived},       {A::talk, direct},
                                    {A::transfers, direct},    {A::agent_presence, direct}, {A::agent_state, direct},
                                    {A::live_waiting, direct}, {A::live_talking, direct},   {A::concurrency, direct},
                                    {A::rated, configured},    {A::customer, configured}};

core::Error bad_option(std::string what, std::string where) {
  return {"bad_option", std::move(what), std::move(where)};
}

}  // namespace

std::span<const FormatInfo> formats() {
  static const std::array kFormats{
      FormatInfo{"3cx_cdr", "3CX call data records", Framing::lines, kThreeCx, kThreeCxKeys, false, make_threecx_cdr},
      FormatInfo{"amazon_connect", "Amazon Connect", Framing::document, kAmazonConnect, kStateKeys, false,
                 make_amazon_connect},
      FormatInfo{"asterisk_ami", "Asterisk Manager Interface", Framing::ami, kAmi, kAmiKeys, false, make_ami},
      FormatInfo{"asterisk_cdr", "Asterisk CDR", Framing::lines, kAsteriskCdr, kAsteriskCdrKeys, false,
                 make_asterisk_cdr},
      FormatInfo{"asterisk_queue_log", "Asterisk queue_log", Framing::lines, kQueueLog, kQueueLogKeys, false,
                 make_queue_log},
      FormatInfo{"freeswitch_cdr",
                 "FreeSWITCH mod_json_cdr",
                 Framing::document,
                 kFreeswitchCdr,
                 kFreeswitchCdrKeys,
                 false,
                 make_freeswitch_cdr},
      FormatInfo{"freeswitch_events", "FreeSWITCH events", Framing::event_socket, kFreeswitchEvents,
                 kFreeswitchEventsKeys, false, make_freeswitch_events},
      FormatInfo{"genesys_cloud", "Genesys Cloud notifications", Framing::document, kGenesys, kStateKeys, false,
                 make_genesys},
      FormatInfo{"jira", "Jira Service Management", Framing::document, kJira, kJiraKeys, false, make_jira},
      FormatInfo{"livechat", "LiveChat", Framing::document, kLiveChat, kStateKeys, false, make_livechat},
      FormatInfo{"mapped_json",
                 "JSON by a mapping",
                 Framing::document,
                 mapped_text_format().capabilities,
                 {},
                 true,
                 make_mapped_json},
      mapped_text_format(),
      ringside_format(),
      FormatInfo{"twilio_taskrouter", "Twilio TaskRouter", Framing::document, kTwilio, kStateKeys, false, make_twilio},
      FormatInfo{"zammad", "Zammad", Framing::document, kZammad, kZammadKeys, false, make_zammad},
      FormatInfo{"zendesk", "Zendesk", Framing::document, kZendesk, kStateKeys, false, make_zendesk},
  };
  return kFormats;
}

const FormatInfo* format_named(std::string_view name) {
  const auto all = formats();
  const auto found = std::find_if(all.begin(), all.end(), [&](const FormatInfo& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::vector<Capability> abilities(const FormatInfo& format, const FormatOptions& options) {
  if (!format.needs_mapping) return {format.capabilities.begin(), format.capabilities.end()};
  const auto mapping = Mapping::parse(options.mapping);
  return mapping ? abilities_of(mapping->plan()) : std::vector<Capability>();
}

core::Result<std::unique_ptr<Format>> make_format(std::string_view name, FormatOptions options) {
  const FormatInfo* const info = format_named(name);
  if (info == nullptr) {
    std::string known;
    for (const FormatInfo& f : formats()) known.append(known.empty() ? "" : ", ").append(f.name);
    return core::Error{"unknown_format", "there is no such format; there are: " + known, "format"};
  }
  if (options.authority > 15) return bad_option("authority goes from 0 to 15", "authority");
  for (const auto& [key, values] : options.more) {
    if (std::find(info->keys.begin(), info->keys.end(), key) == info->keys.end())
      return bad_option("the format " + std::string(name) + " has no such option", key);
  }
  if (info->needs_mapping && options.mapping.empty())
    return core::Error{"bad_mapping", "this format needs a mapping", "mapping"};
  if (!info->needs_mapping && !options.mapping.empty()) return bad_option("this format takes no mapping", "mapping");
  for (const auto* table : {&options.agents, &options.queues}) {
    for (const auto& [theirs, ours] : *table) {
      if (ours.empty() || text_fault(ours) != nullptr)
        return bad_option("not a name: \"" + ours + "\"", table == &options.agents ? "agents" : "queues");
    }
  }
  if (options.source.empty() || text_fault(options.source) != nullptr)
    return bad_option("a source needs a name", "name");
  if (const auto states = options.more.find("states"); states != options.more.end()) {
    for (const std::string& entry : states->second) {
      const std::size_t equals = entry.rfind('=');
      const std::string_view ours = equals == std::string::npos ? "" : std::string_view(entry).substr(equals + 1);
      if (!is_one_of(ours, kStateWords)) return bad_option("write \"Their state=ours\": " + entry, "states");
    }
  }
  return info->make(std::move(options));
}

}  // namespace ingest
