// ringside-bench-formats [FORMAT]: how fast each format reads, or that one, beside the native one in the same run. See
// bench/RESULTS.md.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/formats.h"

namespace {

constexpr core::Time kNow = 1'790'000'000'000;
constexpr int kRounds = 5;

using Maker = std::function<std::string(long)>;

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Case {
  const char* format;
  Maker message;
  const char* mapping = "";
};

std::string number(long n) { return std::to_string(n); }
std::string at(long n) { return number(1'789'000'000 + n % 900'000); }

std::string queue_log(long n) {
  const std::string head = at(n) + "|1788.";
  const std::string call = number(n / 4);
  switch (n % 4) {
    case 0:
      return head + call + "|sales|NONE|ENTERQUEUE||491234567|1";
    case 1:
      return head + call + "|sales|SIP/9|RINGNOANSWER|8000";
    case 2:
      return head + call + "|sales|SIP/8|CONNECT|14|1788.2|4";
    default:
      return head + call + "|sales|SIP/8|COMPLETEAGENT|14|46|1";
  }
}

std::string ami(long n) {
  const std::string call = "Uniqueid: 1788." + number(n / 4) + "\r\nQueue: sales\r\nCallerIDNum: 491234567\r\n";
  const std::string head = "Timestamp: " + at(n) + ".250000\r\nPrivilege: agent,all\r\nMemberName: PJSIP/8\r\n";
  constexpr const char* kEvents[] = {"QueueCallerJoin", "AgentCalled", "AgentConnect", "AgentComplete"};
  return std::string("Event: ") + kEvents[n % 4] + "\r\n" + head + call +
         "HoldTime: 14\r\nTalkTime: 46\r\nReason: agent";
}

std::string native(long n) {
  return R"({"type":"call.answered","id":"e)" + number(n) + R"(","time":)" + at(n) + R"(000,"call":"c)" +
         number(n / 4) + R"(","queue":"sales","agent":"8","wait_ms":14000})";
}

std::string zendesk(long n) {
  return R"({"type":"zen:event-type:ticket.status_changed","id":"e)" + number(n) +
         R"(","time":"2026-09-21T13:00:00.672717030Z","zendesk_event_version":"2022-11-06","account_id":22129848,)"
         R"("subject":"zen:ticket:5158","detail":{"actor_id":"8447388090494","assignee_id":"8447388090494","id":")" +
         number(n / 4) +
         R"(","status":"PENDING","priority":"LOW","group_id":"9","via":{"channel":"email"}},)"
         R"("event":{"current":"PENDING","previous":"OPEN"}})";
}

std::string twilio(long n) {
  return "EventType=reservation.accepted&AccountSid=AC0000&WorkspaceSid=WS0000&Sid=EV" + number(n) +
         "&TimestampMs=" + at(n) + "000&TaskSid=WT" + number(n / 4) +
         "&TaskQueueName=sales&WorkerName=anna&ReservationSid=WR" + number(n) +
         "&TaskAttributes=%7B%22from%22%3A%22%2B491234567%22%7D&TaskChannelUniqueName=voice";
}

std::string contact(long n) {
  return R"({"ContactId":"c)" + number(n) +
         R"(","Channel":"VOICE","InitiationMethod":"INBOUND","InitiationTimestamp":)"
         R"("2026-09-21T10:00:00Z","LastUpdateTimestamp":"2026-09-21T10:02:00Z","Queue":{"Name":"Basic",)"
         R"("EnqueueTimestamp":)"
         R"("2026-09-21T10:00:10Z","DequeueTimestamp":"2026-09-21T10:00:17Z","Duration":7},)"
         R"("Agent":{"Username":"admin1",)"
         R"("ConnectedToAgentTimestamp":"2026-09-21T10:00:17Z","AgentInteractionDuration":33,"CustomerHoldDuration":0,)"
         R"("AfterContactWorkStartTimestamp":"2026-09-21T10:00:50Z",)"
         R"("AfterContactWorkEndTimestamp":"2026-09-21T10:01:22Z",)"
         R"("AfterContactWorkDuration":32},"Attributes":{"greetingPlayed":"true"},"Recording":null})";
}

std::string threecx(long n) {
  return "Call " + number(n) + ",c" + number(n / 4) +
         ",00:05:36,2026/09/19 13:33:54,2026/09/19 13:33:54,"
         "2026/09/19 13:39:31,TerminatedBySrc,+15555550123,Ext.504,10021,504,504,,Ext.504,504,,,,,Chain: a'b;";
}

std::string cdr(long n) {
  return R"("","3035","2","from-pstn","""3035"" <3035>","SIP/3035-0000063a","SIP/8-00000001","Dial","SIP/8",)"
         R"("2026-07-08 )"
         R"(00:13:16","2026-07-08 00:13:16","2026-07-08 00:14:38",82,82,"ANSWERED","DOCUMENTATION","1783469596.)" +
         number(n) + R"(","")";
}

std::string zammad(long n) {
  return R"({"ticket":{"number":")" + number(n) +
         R"(","created_at":"2026-09-21T10:00:00.000Z","updated_at":)"
         R"("2026-09-21T11:00:00.000Z","state":"open","priority":{"name":"2 normal"},"group":{"name":"Desk"},)"
         R"("owner":{"login":"emma"}},"article":{"id":)" +
         number(n) + R"(,"created_at":"2026-09-21T10:00:00Z","sender":"Agent","internal":true}})";
}

std::string genesys(long n) {
  const std::string id = "g" + number(n);
  return R"({"topicName":"v2.detail.events.conversation.)" + id +
         R"(.user.end","version":"2","eventBody":{"eventTime":)" + at(n) + R"(000,"conversationId":")" + id +
         R"(","participantId":"p3","sessionId":"s3","mediaType":"VOICE","provider":"Edge","direction":"INBOUND",)"
         R"("ani":"tel:+491234567","queueId":"q1","userId":"u1",)"
         R"("interactingDurationMs":60000,"disconnectType":"PEER"}})";
}

std::string jira(long n) {
  return R"({"timestamp":)" + at(n) + R"(000,"webhookEvent":"jira:issue_updated","issue":{"key":"IT-)" +
         number(n / 4) +
         R"(","fields":{"project":{"key":"IT"},"priority":{"name":"High"},"reporter":)"
         R"({"accountId":"5b10a2844c20165700ede21g","displayName":"Bob"},)"
         R"("assignee":{"accountId":"5b109f2e9729b51b54dc274d","displayName":"Emma"},"status":)"
         R"({"name":"Waiting for customer","statusCategory":{"key":"indeterminate"}}}},"changelog":{"items":[{"field":)"
         R"("status","fromString":"Open","toString":"Waiting for customer"}]}})";
}

std::string livechat(long n) {
  return R"({"webhook_id":"w","secret_key":"s","action":"user_added_to_chat","organization_id":"390e44e6","payload":)"
         R"({"chat_id":"C)" + number(n) + R"(","thread_id":"T)" + number(n) +
         R"(","user":{"id":"ann@x.example","type":"agent","present":true,"name":"Ann"},"user_type":"agent"}})";
}

std::string twilio_stream(long n) {
  return R"({"specversion":"1.0","type":"com.twilio.taskrouter.reservation.accepted","source":"AC0","id":"NO)" +
         number(n) + R"(","time":"2026-09-21T13:56:49.000Z","data":{"sid":"EV)" + number(n) +
         R"(","group":"reservation","payload":{"task_sid":"WT)" + number(n / 4) +
         R"(","task_queue_name":"sales","worker_name":"anna","reservation_sid":"WR)" + number(n) +
         R"(","task_channel_unique_name":"voice","task_attributes":"{}"}}})";
}

// With some of the headers of the channel that come with each.
std::string freeswitch(long n) {
  constexpr const char* kActions[] = {"member-queue-start", "agent-offering", "bridge-agent-start",
                                      "agent-state-change\nCC-Agent-State: In%20a%20queue%20call"};
  std::string more;
  for (int i = 0; i < 40; ++i) more += "variable_" + number(i) + ": some%20value%20" + number(i) + "\n";
  const std::string body =
      "Event-Name: CUSTOM\nEvent-Subclass: callcenter%3A%3Ainfo\nEvent-Date-Timestamp: " + at(n) +
      "000000\nCore-UUID: 63e2315b\n" + more + "CC-Queue: support%40default\nCC-Action: " + kActions[n % 4] +
      "\nCC-Member-Session-UUID: u" + number(n / 4) + "\nCC-Agent: " + number(n / 4 % 100) + "%40default\n";
  return "Content-Length: " + number(static_cast<long>(body.size())) + "\nContent-Type: text/event-plain\n\n" + body;
}

// A real document has two hundred variables nobody asks for.
std::string freeswitch_cdr(long n) {
  std::string more;
  for (int i = 0; i < 100; ++i) more += "\"variable_" + number(i) + "\":\"some%20value%20" + number(i) + "\",";
  return R"({"core-uuid":"c","switchname":"fs","channel_data":{"state":"CS_REPORTING","direction":"inbound"},)"
         R"("variables":{)" + more + R"("uuid":"u)" + number(n) +
         R"(","direction":"inbound","start_uepoch":"1789000000123456","end_uepoch":"1789000130123456",)"
         R"("cc_side":"member","cc_queue":"support%40default","cc_agent":"1001%40default",)"
         R"("cc_queue_joined_epoch":"1789000005","cc_queue_answered_epoch":"1789000015",)"
         R"("cc_queue_terminated_epoch":"1789000130","cc_cause":"answered","caller_id_number":"491234567"}})";
}

constexpr const char* kJsonMapping = R"(source = "x"
[json]
[time]
format = "epoch_s"
[[event]]
when = { column = "/kind", equals = "answered" }
type = "call.answered"
id = "{/id}"
call = "{/call/id}"
time = "{/at}"
queue = "{/call/queue}"
agent = { column = "/who", map = { 7 = "anna", 8 = "ben" } }
wait_ms = { column = "/wait", unit = "s" }
)";

std::string mapped_json(long n) {
  return R"({"kind":"answered","id":"e)" + number(n) + R"(","at":)" + at(n) + R"(,"call":{"id":"c)" + number(n / 4) +
         R"(","queue":"sales"},"who":"8","wait":14})";
}

constexpr const char* kTextMapping = R"(source = "x"
[text]
header = false
[[column]]
name = "at"
[[column]]
name = "id"
[[column]]
name = "call"
[[column]]
name = "queue"
[[column]]
name = "who"
[[column]]
name = "wait"
[time]
format = "%Y-%m-%d %H:%M:%S"
[[event]]
type = "call.answered"
id = "{id}"
call = "{call}"
time = "{at}"
queue = "{queue}"
agent = { column = "who", map = { 7 = "anna", 8 = "ben" } }
wait_ms = { column = "wait", unit = "s" }
)";

std::string mapped_text(long n) {
  return "2026-09-21 13:33:54,e" + number(n) + ",c" + number(n / 4) + ",sales,8,14";
}

struct Rate {
  double per_message = 0;  // ns
  double bytes = 0;        // a message
  double events = 0;       // a message
};

Rate measure(ingest::Format& format, const std::vector<std::string>& messages, const char* content_type) {
  std::vector<double> times;
  Rate rate;
  for (int round = 0; round < kRounds; ++round) {
    std::size_t bytes = 0, events = 0;
    const double begin = seconds();
    ingest::Intake out;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      ingest::Message message;
      message.bytes = messages[i];
      message.content_type = content_type;
      format.read(message, kNow, out);
      bytes += messages[i].size();
      if (i % 1000 != 999) continue;
      events += out.batch.events.size();  // as a connection does: handed on in pieces
      if (out.batch.refused > 0) std::printf("refused: %s\n", out.batch.refusals[0].error.message.c_str());
      out = {};
    }
    times.push_back(seconds() - begin);
    const auto n = static_cast<double>(messages.size());
    rate.bytes = static_cast<double>(bytes) / n;
    rate.events = static_cast<double>(events) / n;
  }
  rate.per_message = median(times) / static_cast<double>(messages.size()) * 1e9;
  return rate;
}

std::vector<std::string> make(const Maker& maker, long count) {
  std::vector<std::string> out;
  for (long n = 0; n < count; ++n) out.push_back(maker(n));
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view only = argc > 1 ? argv[1] : "";
  const std::vector<Case> cases = {{"ringside", native},        {"asterisk_queue_log", queue_log},
                                   {"asterisk_ami", ami},       {"asterisk_cdr", cdr},
                                   {"3cx_cdr", threecx},        {"freeswitch_events", freeswitch},
                                   {"amazon_connect", contact}, {"twilio_taskrouter", twilio},
                                   {"twilio_taskrouter", twilio_stream},
                                   {"genesys_cloud", genesys},  {"livechat", livechat},
                                   {"zendesk", zendesk},        {"zammad", zammad},
                                   {"jira", jira},              {"freeswitch_cdr", freeswitch_cdr},
                                   {"mapped_json", mapped_json, kJsonMapping},
                                   {"mapped_text", mapped_text, kTextMapping}};
  double yardstick = 0;
  std::printf("  %-20s %12s %10s %10s %12s %14s\n", "format", "ns/message", "bytes", "events", "ns/event", "of native");
  for (const Case& c : cases) {
    if (!only.empty() && only != c.format && yardstick != 0) continue;
    ingest::FormatOptions options;
    options.source = "bench";
    options.mapping = c.mapping;
    auto format = ingest::make_format(c.format, std::move(options));
    if (!format) {
      std::printf("%s: %s\n", c.format, format.error().message.c_str());
      return 1;
    }
    const Rate rate =
        measure(**format, make(c.message, 40'000), c.message(0).starts_with('{') ? "application/json" : "");
    const double per_event = rate.per_message / std::max(rate.events, 1e-9);
    if (yardstick == 0) yardstick = per_event;
    std::printf("  %-20s %12.0f %10.0f %10.2f %12.0f %12.1f %%\n", c.format, rate.per_message, rate.bytes, rate.events,
                per_event, yardstick / per_event * 100);
  }
  if (!only.empty()) return 0;
  // A whole log, as after a night without us.
  ingest::FormatOptions options;
  options.source = "bench";
  auto format = ingest::make_format("asterisk_queue_log", std::move(options));
  const std::vector<std::string> lines = make(queue_log, 1'000'000);
  const double begin = seconds();
  ingest::Intake out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ingest::Message message;
    message.bytes = lines[i];
    (*format)->read(message, kNow, out);
    if (i % 1000 == 999) out = {};
  }
  std::printf("  queue_log of 1,000,000 lines: %.2f s\n", seconds() - begin);
  return 0;
}
