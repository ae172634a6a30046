// Help desks, clouds and chats: what their documents become, their signatures, and the samples of public documentation.
#include <algorithm>

#include "feed.h"
#include "ingest/signature.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using feed::kNow;
using feed::Lines;
using feed::Numbers;
using feed::read;
using feed::shown;

Lines said(const std::string& format, const std::string& bytes) {
  auto made = feed::make(format);
  return shown(read(*made, bytes));
}

std::string zendesk(const std::string& type, const std::string& event, const std::string& status = "OPEN") {
  return R"({"type":"zen:event-type:ticket.)" + type + R"(","id":"e-)" + type +
         R"(","time":"2026-09-21T14:00:00.123456789Z","detail":{"id":"5158","status":")" + status +
         R"(","assignee_id":"77","group_id":"9","tags":["b","a"],"via":{"channel":"email"}},"event":)" + event + "}";
}

// The verdict of a format's check on a signed message.
std::string verdict(const std::string& format, const std::string& secret, const std::string& body,
                    std::vector<ingest::Header> headers, const std::string& url = "",
                    const std::string& type = "application/json") {
  auto options = feed::options();
  options.secret = secret;
  auto made = feed::make(format, options);
  ingest::Message message;
  message.bytes = body;
  message.headers = headers;
  message.url = url;
  message.content_type = type;
  const auto status = made->check(message, kNow);
  return status ? "good" : status.error().code;
}

}  // namespace

TEST_CASE("Zendesk: a ticket's life") {
  const std::string t = "2026-09-21T14:00:00.123Z ";
  CHECK(said("zendesk", zendesk("status_changed", R"({"current":"PENDING","previous":"OPEN"})")) ==
        Lines{t + "ticket.status 5158 channel=email text=pending"});
  CHECK(said("zendesk", zendesk("status_changed", R"({"current":"SOLVED","previous":"OPEN"})")) ==
        Lines{t + "ticket.resolved 5158 agent=77 channel=email"});
  CHECK(said("zendesk", zendesk("status_changed", R"({"current":"OPEN","previous":"SOLVED"})")) ==
        Lines{t + "ticket.reopened 5158 channel=email", t + "ticket.status 5158 channel=email text=open"});
  CHECK(said("zendesk", zendesk("status_changed", R"({"current":"CLOSED","previous":"SOLVED"})")) ==
        Lines{t + "ticket.closed 5158 channel=email"});
  CHECK(said("zendesk", zendesk("priority_changed", R"({"current":"URGENT","previous":"LOW"})")) ==
        Lines{t + "ticket.priority 5158 channel=email priority=urgent"});
  CHECK(said("zendesk", zendesk("agent_assignment_changed", R"({"current":"78","previous":"77"})")) ==
        Lines{t + "ticket.assigned 5158 agent=78 queue=9 channel=email"});
  CHECK(said("zendesk", zendesk("comment_added", R"({"comment":{"author":{"id":"77","is_staff":true},)"
      R"("is_public":false}})")) ==
        Lines{t + "ticket.reply 5158 agent=77 channel=email by=agent private"});
  CHECK(said("zendesk", zendesk("comment_added", R"({"comment":{"author":{"id":"3","is_staff":false},)"
      R"("is_public":true}})")) ==
        Lines{t + "ticket.reply 5158 channel=email by=customer"});
  CHECK(said("zendesk", zendesk("tags_changed", "{}")) == Lines{t + "ticket.tags 5158 channel=email text=a,b"});
  CHECK(said("zendesk", zendesk("next_sla_breach_changed", "{}")).empty());
  auto format = feed::make("zendesk");
  CHECK(read(*format, zendesk("invented", "{}")).unknown.size() == 1);
  CHECK(read(*format, "{}").batch.refused == 1);
  CHECK(read(*format, "[").batch.refused == 1);
}

TEST_CASE("Zendesk: the documents of public documentation") {
  if (feed::absent("payloads/zendesk_webhook_ticket_created.json")) return;
  CHECK(said("zendesk", feed::file("payloads/zendesk_webhook_ticket_created.json")) ==
        Lines{"2025-01-08T10:12:07.000Z ticket.created 5158 queue=8447320466430 "
              "channel=web_service priority=low by=customer",
              "2025-01-08T10:12:07.000Z ticket.assigned 5158 agent=8447388090494 "
              "queue=8447320466430 channel=web_service",
              "2025-01-08T10:12:07.000Z ticket.status 5158 channel=web_service text=open"});
  auto format = feed::make("zendesk");
  const ingest::Intake metric = read(*format, feed::file("payloads/zendesk_ticket_metric_event_activate.json"));
  CHECK(metric.silent == 1);
  CHECK(metric.batch.refused == 0);
}

TEST_CASE("signatures: right, wrong, missing and replayed") {
  using ingest::Digest;
  const std::string body = R"({"a":1})";
  const auto zendesk_headers = [&](const std::string& stamp, const std::string& secret) {
    static std::string sign, when;
    when = stamp;
    sign = ingest::base64(ingest::hmac(Digest::sha256, secret, stamp + body));
    return std::vector<ingest::Header>{{"X-Zendesk-Webhook-Signature", sign},
                                       {"X-Zendesk-Webhook-Signature-Timestamp", when}};
  };
  CHECK(verdict("zendesk", "s", body, zendesk_headers("2026-09-21T14:13:00Z", "s")) == "good");
  CHECK(verdict("zendesk", "s", body, zendesk_headers("2026-09-21T14:13:00Z", "other")) == "bad_signature");
  CHECK(verdict("zendesk", "s", body, zendesk_headers("2026-09-21T13:13:00Z", "s")) == "stale_signature");
  CHECK(verdict("zendesk", "s", body, {}) == "missing_signature");
  const std::string sha1 = "sha1=" + ingest::hex(ingest::hmac(Digest::sha1, "s", body));
  CHECK(verdict("zammad", "s", body, {{"X-Hub-Signature", sha1}}) == "good");
  CHECK(verdict("zammad", "t", body, {{"X-Hub-Signature", sha1}}) == "bad_signature");
  CHECK(verdict("zammad", "s", body + " ", {{"X-Hub-Signature", sha1}}) == "bad_signature");
  const std::string sha256 = "sha256=" + ingest::hex(ingest::hmac(Digest::sha256, "s", body));
  CHECK(verdict("jira", "s", body, {{"x-hub-signature", sha256}}) == "good");
  CHECK(verdict("jira", "s", body, {{"x-hub-signature", sha1}}) == "bad_signature");
  CHECK(verdict("amazon_connect", "s", body, {{"X-Amz-Firehose-Access-Key", "s"}}) == "good");
  CHECK(verdict("amazon_connect", "s", body, {{"X-Amz-Firehose-Access-Key", "x"}}) == "bad_signature");
  CHECK(verdict("genesys_cloud", "s", body, {{"X-Api-Key", "s"}}) == "good");
  CHECK(verdict("genesys_cloud", "s", body, {{"X-Api-Key", "S"}}) == "bad_signature");
  CHECK(verdict("genesys_cloud", "s", body, {}) == "missing_signature");
  CHECK(verdict("livechat", "s", R"({"secret_key":"s"})", {}) == "good");
  CHECK(verdict("livechat", "s", R"({"secret_key":"x"})", {}) == "bad_signature");
  CHECK(verdict("livechat", "s", "{", {}) == "missing_signature");
  // Twilio's own published example: a form, its URL and the token.
  const std::string form =
      "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
  const std::string url = "https://mycompany.com/myapp.php?foo=1&bar=2";
  const std::string type = "application/x-www-form-urlencoded";
  CHECK(verdict("twilio_taskrouter", "12345", form, {{"X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8="}}, url,
      type) ==
        "good");
  CHECK(verdict("twilio_taskrouter", "12346", form, {{"X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8="}}, url,
      type) ==
        "bad_signature");
  const std::string hashed = "https://x.example/t?bodySHA256=" + ingest::hex(ingest::digest_of(Digest::sha256, body));
  const std::string sign = ingest::base64(ingest::hmac(Digest::sha1, "12345", hashed));
  CHECK(verdict("twilio_taskrouter", "12345", body, {{"X-Twilio-Signature", sign}}, hashed) == "good");
  CHECK(verdict("twilio_taskrouter", "12345", body + " ", {{"X-Twilio-Signature", sign}}, hashed) == "bad_signature");
  // Without a secret nothing is checked.
  CHECK(verdict("zendesk", "", body, {}) == "good");
}

TEST_CASE("base64 and hex, both ways and wrong") {
  for (const std::string& text : Lines{"", "f", "fo", "foo", "foob", std::string("\0\xff\x10", 3)}) {
    CHECK(ingest::from_base64(ingest::base64(text)) == text);
  }
  CHECK(ingest::base64("foob") == "Zm9vYg==");
  CHECK(ingest::from_base64("Zm9vYg") == "foob");
  CHECK_FALSE(ingest::from_base64("Zm9v!"));
  CHECK_FALSE(ingest::from_base64("Z"));
  CHECK(ingest::hex("\x01\xfe") == "01fe");
}

namespace {

std::string zammad(const std::string& updated, const std::string& state, const std::string& owner,
    const std::string& article) {
  return R"({"ticket":{"id":81,"number":"10081","created_at":"2026-09-21T10:00:00.000Z","updated_at":")" + updated +
         R"(","state":")" + state + R"(","priority":{"name":"2 normal"},"group":{"name":"Service Desk"},)"
             R"("owner":{"login":")" +
         owner + R"("},"create_article_sender":"Customer","create_article_type":"email"},"article":)" + article + "}";
}

}  // namespace

TEST_CASE("Zammad: whole states give the same numbers in any order and again") {
  const std::string first = R"({"id":1,"created_at":"2026-09-21T10:00:00.000Z","sender":"Customer","internal":false})";
  const std::string reply = R"({"id":2,"created_at":"2026-09-21T11:00:00.000Z","sender":"Agent","internal":false,)"
                            R"("created_by":{"login":"emma"}})";
  const Lines history = {zammad("2026-09-21T10:00:01.000Z", "new", "-", first),
                         zammad("2026-09-21T11:00:00.000Z", "pending reminder", "emma", reply),
                         zammad("2026-09-21T12:00:00.000Z", "closed", "emma", "{}"),
                         zammad("2026-09-21T13:00:00.000Z", "open", "emma", "{}")};
  const Lines expected = {"10:00:00.000Z ticket.created 10081 queue=Service Desk channel=email priority=normal "
                          "by=customer",
                          "10:00:00.000Z ticket.reply 10081 by=customer",
                          "10:00:01.000Z ticket.assigned 10081 queue=Service Desk priority=normal",
                          "10:00:01.000Z ticket.status 10081 text=new",
                          "10:00:00.000Z ticket.created 10081 channel=email by=customer",
                          "11:00:00.000Z ticket.reply 10081 agent=emma by=agent",
                          "11:00:00.000Z ticket.assigned 10081 agent=emma queue=Service Desk priority=normal",
                          "11:00:00.000Z ticket.status 10081 text=pending",
                          "10:00:00.000Z ticket.created 10081 channel=email by=customer",
                          "12:00:00.000Z ticket.assigned 10081 agent=emma queue=Service Desk priority=normal",
                          "12:00:00.000Z ticket.resolved 10081",
                          "10:00:00.000Z ticket.created 10081 channel=email by=customer",
                          "13:00:00.000Z ticket.assigned 10081 agent=emma queue=Service Desk priority=normal",
                          "13:00:00.000Z ticket.status 10081 text=open"};
  auto format = feed::make("zammad");
  Lines all;
  for (const std::string& step : history) {
    for (const std::string& line : shown(read(*format, step))) all.push_back(line.substr(11));
  }
  CHECK(all == expected);
  // In every order, each webhook twice.
  std::vector<std::size_t> order = {0, 1, 2, 3};
  do {
    Numbers n(kNow, {"tickets_created", "tickets_resolved", "tickets_reopened", "agent_replies", "mean(first_response)",
                     "now(backlog)"});
    for (const std::size_t i : order) {
      n.take(read(*format, history[i]));
      n.take(read(*format, history[i]));
    }
    CHECK(n.faults.empty());
    CHECK(n.sums("tenant") == std::vector<double>{1, 1, 1, 1, 3'600'000, 1});
    CHECK(n.sum("agent/emma", 1) == 1);
    CHECK(n.sum("queue/Service Desk", 0) == 1);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("Zammad: the document of public documentation") {
  if (feed::absent("payloads/zammad_webhook_ticket.json")) return;
  CHECK(said("zammad", feed::file("payloads/zammad_webhook_ticket.json")) ==
        Lines{"2020-11-13T14:34:35.282Z ticket.created 10081 queue=Service Desk channel=voice priority=normal "
              "by=customer",
              "2020-11-13T14:34:35.318Z ticket.reply 10081 by=customer",
              "2020-11-13T14:34:35.333Z ticket.assigned 10081 agent=emma@chrispresso.com queue=Service Desk "
              "priority=normal",
              "2020-11-13T14:34:35.333Z ticket.status 10081 text=open"});
}

TEST_CASE("Jira: created, changed, commented; an SLA field is a figure to compare with") {
  const std::string fields = R"("fields":{"created":"2026-09-21T10:00:00.000+0200","project":{"key":"IT"},)"
      R"("priority":{"name":"High"},)"
                             R"("reporter":{"name":"bob"},"assignee":{"name":"emma"},)"
                                 R"("status":{"name":"Waiting for customer",)"
                             R"("statusCategory":{"key":"indeterminate"}}})";
  const auto hook = [&](const std::string& event, const std::string& rest) {
    return R"({"timestamp":1789999000000,"webhookEvent":")" + event + R"(","issue":{"key":"IT-7",)" + fields + "}" +
        rest + "}";
  };
  CHECK(said("jira", hook("jira:issue_created", "")) ==
        Lines{"2026-09-21T08:00:00.000Z ticket.created IT-7 queue=IT priority=high by=customer",
              "2026-09-21T08:00:00.000Z ticket.assigned IT-7 agent=emma queue=IT",
              "2026-09-21T08:00:00.000Z ticket.status IT-7 text=pending"});
  const std::string at = "2026-09-21T13:56:40.000Z ";
  CHECK(said("jira", hook("jira:issue_updated", R"(,"changelog":{"items":[{"field":"status","fromString":"Open",)"
                                                R"("toString":"Waiting for customer"},{"field":"priority",)"
                                                    R"("toString":"Low"}]})")) ==
        Lines{at + "ticket.status IT-7 text=pending", at + "ticket.priority IT-7 priority=low"});
  CHECK(said("jira", hook("comment_created", R"(,"comment":{"author":{"name":"emma","accountType":"atlassian"},)"
      R"("jsdPublic":true})")) ==
        Lines{at + "ticket.reply IT-7 agent=emma by=agent"});
  if (feed::absent("payloads/jira_sm_sla_field.json")) return;
  auto format = feed::make("jira");
  const ingest::Intake sla = read(*format, feed::file("payloads/jira_sm_sla_field.json"));
  REQUIRE(sla.gauges.size() == 1);
  CHECK(sla.gauges[0].value == -345'600'000);
}

TEST_CASE("Amazon Connect: after-call work of 5.005 s is what lies between two agent events") {
  if (feed::absent("payloads/amazon_connect_agent_events_acw_pair.jsonl")) return;
  const std::string pair = feed::file("payloads/amazon_connect_agent_events_acw_pair.jsonl");
  CHECK(said("amazon_connect", pair) ==
        Lines{"2018-10-25T18:55:21.021Z call.answered ContactId-1 agent=(Removed) channel=voice",
              "2018-10-25T18:55:27.027Z call.ended ContactId-1 agent=(Removed) channel=voice",
              "2018-10-25T18:55:32.032Z call.wrapped ContactId-1 agent=(Removed) channel=voice value=5005"});
  const auto check = [](const Lines& bodies) {
    auto format = feed::make("amazon_connect");
    Numbers n(1'540'600'000'000, {"sum(wrap_up)", "wrap_up", "sum(talk)", "handled"});
    for (const std::string& body : bodies) n.take(read(*format, body, 1'540'600'000'000));
    CHECK(n.faults.empty());
    CHECK(n.sums("tenant") == std::vector<double>{5'005, 1, 6'006, 1});
  };
  const Lines lines = feed::lines(pair);
  check({pair});
  check({lines[1], lines[0], lines[1]});
  // As Data Firehose and Kinesis deliver it.
  check({R"({"requestId":"r","records":[{"data":")" + ingest::base64(lines[0] + "\n") + R"("},{"data":")" +
         ingest::base64(lines[1]) + R"("}]})"});
  check({R"({"Records":[{"kinesis":{"data":")" + ingest::base64(pair) + R"("}}]})"});
}

TEST_CASE("Amazon Connect: contact records, again with more, and in segments") {
  auto format = feed::make("amazon_connect");
  Numbers n(kNow, {"queued", "wait", "sum(wait)", "sum(talk)", "sum(wrap_up)", "abandon_wait", "transferred", "calls"});
  const auto record = [](const std::string& id, const std::string& more, const std::string& update) {
    return R"({"ContactId":")" + id + R"(","Channel":"VOICE","InitiationMethod":"INBOUND","InitiationTimestamp":)"
           R"("2026-09-21T10:00:00Z","LastUpdateTimestamp":")" + update + R"(",)" + more + "}";
  };
  const std::string queue = R"("Queue":{"Name":"Basic","EnqueueTimestamp":"2026-09-21T10:00:10Z","DequeueTimestamp":)"
                            R"("2026-09-21T10:00:17Z","Duration":7},)";
  const auto agent = [](int acw, int talk) {
    return R"("Agent":{"Username":"admin1","ConnectedToAgentTimestamp":"2026-09-21T10:00:17Z",)"
        R"("AgentInteractionDuration":)" +
           std::to_string(talk) + R"(,"CustomerHoldDuration":0,)"
               R"("AfterContactWorkStartTimestamp":"2026-09-21T10:00:50Z",)"
           R"("AfterContactWorkEndTimestamp":"2026-09-21T10:01:22Z","AfterContactWorkDuration":)" +
               std::to_string(acw) + "}";
  };
  n.take(read(*format, record("c1", queue + agent(30, 33), "2026-09-21T10:02:00Z")));
  n.take(read(*format, record("c1", queue + agent(32, 33), "2026-09-21T10:03:00Z")));
  n.take(read(*format, record("c1", queue + agent(30, 33), "2026-09-21T10:02:00Z")));
  CHECK(n.sums("tenant") == std::vector<double>{1, 1, 7'000, 33'000, 32'000, 0, 0, 1});
  n.take(read(*format, record("c2", queue + R"("Agent":null,"DisconnectReason":"CUSTOMER_DISCONNECT",)"
      R"("NextContactId":null)",
                              "2026-09-21T10:03:00Z")));
  CHECK(n.sum("tenant", 5) == 1);
  std::string second = record("c3", queue + agent(1, 20), "2026-09-21T10:09:00Z");
  second.insert(1, R"("InitialContactId":"c1","PreviousContactId":"c1",)");
  n.take(read(*format, second));
  CHECK(n.faults.empty());
  CHECK(n.sum("tenant", 0) == 3);
  CHECK(n.sum("tenant", 7) == 2);
  if (feed::absent("payloads/amazon_connect_ctr_1.json")) return;
  const std::string id = "15a5cf14-3212-45a1-9f86-a8e97db8afaf ";
  CHECK(said("amazon_connect", feed::file("payloads/amazon_connect_ctr_1.json")) ==
        Lines{"2022-04-08T14:59:38.000Z final call.started " + id + "channel=voice text=inbound",
              "2022-04-08T15:00:42.000Z final call.queued " + id + "queue=BasicQueue channel=voice",
              "2022-04-08T15:00:49.000Z final call.answered " + id +
                  "agent=admin1 queue=BasicQueue channel=voice value=7000",
              "2022-04-08T15:01:22.000Z final call.hold_total " + id +
                  "agent=admin1 queue=BasicQueue channel=voice value=0",
              "2022-04-08T15:01:22.000Z final call.ended " + id +
                  "agent=admin1 queue=BasicQueue channel=voice value=33000",
              "2022-04-08T15:01:54.000Z final call.wrapped " + id +
                  "agent=admin1 queue=BasicQueue channel=voice value=32000"});
}

TEST_CASE("Amazon Connect: live agent events and the record that follows agree by rank") {
  auto live = feed::make("amazon_connect", feed::options("agents", 5));
  auto records = feed::make("amazon_connect", feed::options("records", 5));
  const std::string contact = R"({"ContactId":"c1","InitialContactId":null,"Channel":"VOICE",)"
      R"("InitiationMethod":"INBOUND",)"
                              R"("QueueTimestamp":"2026-09-21T10:00:10.500Z","Queue":{"Name":"Basic"},)"
                              R"("ConnectedToAgentTimestamp":"2026-09-21T10:00:17.250Z","StateStartTimestamp":)";
  const auto snapshot = [](const std::string& contacts) {
    return R"({"AgentStatus":{"Name":"Available","Type":"ROUTABLE","StartTimestamp":"2026-09-21T09:00:00Z"},)"
           R"("Configuration":{"Username":"admin1"},"Contacts":[)" + contacts + "]}";
  };
  const auto event = [&](const std::string& id, const std::string& at, const std::string& before,
      const std::string& now) {
    return R"({"AgentARN":"arn:a/1","EventId":")" + id + R"(","EventType":"STATE_CHANGE","EventTimestamp":")" + at +
           R"(","PreviousAgentSnapshot":)" + snapshot(before) + R"(,"CurrentAgentSnapshot":)" + snapshot(now) + "}";
  };
  const std::string talking = contact + R"("2026-09-21T10:00:17.250Z","State":"CONNECTED"})";
  const std::string ended = contact + R"("2026-09-21T10:00:50.250Z","State":"ENDED"})";
  const Lines agent_events = {event("1", "2026-09-21T10:00:17.250Z", "", talking),
                              event("2", "2026-09-21T10:00:50.250Z", talking, ended),
                              event("3", "2026-09-21T10:01:22.250Z", ended, "")};
  const std::string record =
      R"({"ContactId":"c1","Channel":"VOICE","InitiationMethod":"INBOUND",)"
          R"("InitiationTimestamp":"2026-09-21T10:00:00Z",)"
      R"("LastUpdateTimestamp":"2026-09-21T10:03:00Z","Queue":{"Name":"Basic",)"
          R"("EnqueueTimestamp":"2026-09-21T10:00:10Z",)"
      R"("DequeueTimestamp":"2026-09-21T10:00:17Z","Duration":7},"Agent":{"Username":"admin1",)"
          R"("ConnectedToAgentTimestamp":)"
      R"("2026-09-21T10:00:17Z","AgentInteractionDuration":30,"CustomerHoldDuration":3,)"
          R"("AfterContactWorkStartTimestamp":)"
      R"("2026-09-21T10:00:50Z","AfterContactWorkEndTimestamp":"2026-09-21T10:01:22Z","AfterContactWorkDuration":32}})";
  const std::vector<std::string> formulas = {"queued", "wait", "sum(wait)", "sum(talk)", "sum(hold)", "sum(wrap_up)",
      "handled"};
  const std::vector<double> by_record = {1, 1, 7'000, 30'000, 3'000, 32'000, 1};
  for (const bool record_first : {false, true}) {
    Numbers n(kNow, formulas);
    if (record_first) n.take(read(*records, record));
    for (const std::string& e : agent_events) n.take(read(*live, e));
    if (!record_first) {
      CHECK(n.sums("tenant") == std::vector<double>{1, 1, 6'750, 33'000, 0, 32'000, 1});
      n.take(read(*records, record));
    }
    CHECK(n.faults.empty());
    CHECK(n.sums("tenant") == by_record);
  }
}

TEST_CASE("Twilio: a task from its queue to its end, as form and as CloudEvent") {
  const auto form = [](const std::string& type, long s, const std::string& rest) {
    return "EventType=" + type + "&Sid=EV" + type + "&TimestampMs=" + std::to_string(s) +
           "000&TaskSid=WT1&TaskQueueName=sales&TaskChannelUniqueName=voice&" + rest;
  };
  const std::string worker = "WorkerName=anna&ReservationSid=WR1";
  const Lines bodies = {form("task.created", 1789999000, "TaskAttributes=%7B%22from%22%3A%22%2B491234567%22%7D"),
                        form("task-queue.entered", 1789999001, ""), form("reservation.created", 1789999003, worker),
                        form("reservation.accepted", 1789999009, worker), form("reservation.wrapup", 1789999069,
                            worker),
                        form("reservation.completed", 1789999099, worker), form("task.completed", 1789999099, "")};
  const auto check = [](const Lines& told) {
    auto format = feed::make("twilio_taskrouter");
    Numbers n(kNow, {"queued", "wait", "sum(wait)", "sum(talk)", "sum(wrap_up)", "agent_offers"});
    for (const std::string& body : told) n.take(read(*format, body));
    CHECK(n.faults.empty());
    CHECK(n.sums("queue/sales") == std::vector<double>{1, 1, 8'000, 60'000, 30'000, 1});
  };
  check(bodies);
  const auto cloud = [](const std::string& type, const std::string& at, const std::string& rest) {
    return R"({"specversion":"1.0","type":"com.twilio.taskrouter.)" + type + R"(","id":"EV)" + type + R"(",)"
        R"("time":"2026-09-21T)" + at +
           R"(Z","data":{"payload":{"task_sid":"WT1","task_queue_name":"sales",)" + rest + R"("worker_name":"anna"}}})";
  };
  check({"[" + cloud("task-queue.entered", "13:56:41", "") + "," + cloud("reservation.created", "13:56:43", "") + "]",
         cloud("reservation.accepted", "13:56:49", ""), cloud("reservation.wrapup", "13:57:49",
             R"("reservation_sid":"WR1",)"),
         cloud("reservation.completed", "13:58:19", R"("reservation_sid":"WR1",)")});
  const std::string canceled = form("task.canceled", 1789999050, "TaskCanceledReason=hangup");
  CHECK(said("twilio_taskrouter", canceled)[0].find("call.abandoned WT1") != std::string::npos);
  CHECK(said("twilio_taskrouter", form("task.canceled", 1789999050,
      "TaskCanceledReason=cleanup"))[0].find("call.left WT1") !=
        std::string::npos);
  if (feed::absent("payloads/twilio_taskrouter_event_rest_worker_activity.json")) return;
  CHECK(said("twilio_taskrouter", feed::file("payloads/twilio_taskrouter_event_rest_worker_activity.json")) ==
        Lines{"2015-02-07T00:32:41.000Z agent.logout JustinWorker"});
  auto format = feed::make("twilio_taskrouter");
  const ingest::Intake expression = read(*format,
      feed::file("payloads/twilio_taskrouter_callback_taskqueue_expression.json"));
  CHECK(expression.silent == 1);
  CHECK(expression.batch.refused == 0);
}

TEST_CASE("Genesys: observations are gauges, conversations are told once however often they come") {
  auto format = feed::make("genesys_cloud");
  const ingest::Intake seen = read(*format, R"({"topicName":"v2.analytics.queues.q1.observations",)"
      R"("eventBody":{"group":{"queueId":"q1",)"
                                            R"("mediaType":"voice"},"data":[{"metrics":[{"metric":"oWaiting",)"
                                                R"("stats":{"count":3}}]}]}})");
  REQUIRE(seen.gauges.size() == 1);
  CHECK(seen.gauges[0].scope == "queue/q1");
  CHECK(seen.gauges[0].what == "waiting");
  CHECK(seen.gauges[0].value == 3);
  const auto conversation = [](const std::string& agent) {
    return R"({"topicName":"v2.routing.queues.q1.conversations.calls","eventBody":{"id":"g1","participants":[)"
           R"({"id":"p1","purpose":"customer","connectedTime":"2026-09-21T10:00:00Z",)"
               R"("calls":[{"direction":"inbound"}]},)"
           R"({"id":"p2","purpose":"acd","connectedTime":"2026-09-21T10:00:05Z","queueId":"q1","calls":[{}]})" +
               agent + "]}}";
  };
  const std::string leg = R"(,{"id":"p3","purpose":"agent","userId":"u1","startTime":"2026-09-21T10:00:09Z",)";
  Numbers n(kNow, {"queued", "wait", "sum(wait)", "sum(talk)", "sum(wrap_up)", "now(waiting)"});
  n.take(read(*format, conversation("")));
  CHECK(n.now("queue/q1", "k5") == "1");
  n.take(read(*format, conversation(leg + R"("calls":[{"connectedTime":"2026-09-21T10:00:15Z"}]})")));
  const std::string whole = conversation(leg + R"("wrapup":{"durationSeconds":20},)"
      R"("calls":[{"connectedTime":"2026-09-21T10:00:15Z",)"
                                               R"("disconnectedTime":"2026-09-21T10:01:15Z",)"
                                                   R"("disconnectType":"peer"}]})");
  n.take(read(*format, whole));
  n.take(read(*format, whole));
  CHECK(n.faults.empty());
  CHECK(n.sums("queue/q1") == std::vector<double>{1, 1, 10'000, 60'000, 20'000, 0});
  CHECK(said("genesys_cloud", R"({"topicName":"v2.users.u1.presence",)"
      R"("eventBody":{"presenceDefinition":{"systemPresence":"MEAL"},)"
                              R"("modifiedDate":"2026-09-21T10:00:00.000Z"}})") ==
        Lines{"2026-09-21T10:00:00.000Z agent.state u1 text=break reason=MEAL"});
}

TEST_CASE("LiveChat: the document of public documentation, and a chat from queue to end") {
  if (!feed::absent("payloads/livechat_webhook_incoming_chat.json")) {
    CHECK(said("livechat", feed::file("payloads/livechat_webhook_incoming_chat.json")) ==
          Lines{"2026-09-21T14:13:20.000Z call.started PJ0MRSHTDG channel=chat text=inbound"});
  }
  auto format = feed::make("livechat");
  Numbers n(kNow + 600'000, {"queued", "wait", "sum(wait)", "sum(talk)", "now(talking)"});
  n.take(read(*format, R"({"action":"incoming_chat","payload":{"chat":{"id":"C1","access":{"group_ids":[7]},)"
      R"("users":[{"id":"v","type":"customer"}],)"
                       R"("thread":{"id":"T1","created_at":"2026-09-21T14:13:00Z","queue":{"position":1,)"
                           R"("queued_at":"2026-09-21T14:13:00Z"}}}}})"));
  n.take(read(*format, R"({"action":"user_added_to_chat","payload":{"chat_id":"C1","thread_id":"T1",)"
      R"("user_type":"agent","user":{"id":"a@x"}}})"));
  n.take(read(*format,
      R"({"action":"chat_deactivated","payload":{"chat_id":"C1","thread_id":"T1","user_id":"a@x"}})", kNow + 60'000));
  CHECK(n.faults.empty());
  CHECK(n.sums("queue/7") == std::vector<double>{1, 1, 20'000, 60'000, 0});
}

TEST_CASE("mapped JSON: any webhook by a file of pointers") {
  auto options = feed::options("desk");
  options.mapping = R"(source = "x"
[json]
records = "/items"
[time]
format = "%Y-%m-%d %H:%M:%S"
zone = "Europe/Berlin"
[[column]]
name = "state"
pointer = "/ticket/state"
[[event]]
type = { column = "state", map = { Open = "ticket.status", Solved = "ticket.resolved" }, unmapped = "refuse" }
id = "{//delivery}-{/ticket/id}-{state}"
ticket = "{/ticket/id}"
time = "{/at}"
status = { text = "open", when = { column = "state", equals = "Open" } }
agent = { column = "/ticket/agent" }
[[event]]
when = { column = "/ticket/tags", null = false }
type = "ticket.tags"
id = "{//delivery}-{/ticket/id}-tags"
ticket = "{/ticket/id}"
time = "{/at}"
tags = "{/ticket/tags}"
)";
  options.agents = {{"7", "anna"}};
  auto format = feed::make("mapped_json", options);
  const std::string body = R"({"delivery":"d1","items":[{"at":"2026-09-21 12:00:00","ticket":{"id":12,)"
      R"("state":"Open","agent":7,"tags":["b","a"]}},)"
                           R"({"at":"2026-09-21 13:00:00","ticket":{"id":12,"state":"Odd"}},)"
                               R"({"at":"2026-09-21 14:00:00","ticket":{"id":13,"state":"Solved"}}]})";
  const ingest::Intake intake = read(*format, body);
  CHECK(shown(intake) == Lines{"2026-09-21T10:00:00.000Z ticket.status 12 agent=anna text=open",
                               "2026-09-21T10:00:00.000Z ticket.tags 12 text=a,b",
                               "2026-09-21T12:00:00.000Z ticket.resolved 13"});
  CHECK(intake.batch.refused_by_code.at("bad_value") == 1);
  CHECK(intake.remainders.size() == 1);
  CHECK(intake.batch.items == std::vector<std::uint32_t>{0, 1, 2});
  for (const auto& event : intake.batch.events) CHECK(event.source == "desk");
  auto guarded = options;
  guarded.secret = "s";
  ingest::Message message;
  CHECK(feed::make("mapped_json", guarded)->check(message, kNow).error().code == "missing_signature");
  options.mapping = "source = \"x\"\n[json]\nrecords = \"items\"\n";
  CHECK(ingest::make_format("mapped_json", options).error().where == "3:11");
  options.mapping = "source = \"x\"\n[[event]]\ntype=\"a\"\nid=\"b\"\ntime=\"c\"\n";
  CHECK(ingest::make_format("mapped_json", options).error().code == "bad_mapping");
}

TEST_CASE("Freshdesk: the mapping and the body of its page") {
  auto options = feed::options("freshdesk");
  std::ifstream in(RINGSIDE_SOURCE_DIR "/docs/examples/freshdesk.toml");
  options.mapping.assign(std::istreambuf_iterator<char>(in), {});
  CHECK(ingest::abilities(*ingest::format_named("mapped_json"), options).size() == 8);  // customer, tickets, ratings
  auto format = feed::make("mapped_json", options);
  const auto body = [](const std::string& event, const std::string& status, const std::string& at) {
    return R"({"event":")" + event + R"(","id":"7","status":")" + status + R"(","priority":"High","group":"IT",)"
           R"("agent":"a@x.example","source":"Email","created_at":"2026-09-21T10:00:00Z","updated_at":")" + at + "\"}";
  };
  CHECK(shown(read(*format, body("created", "Open", "2026-09-21T10:00:00Z"))) ==
        Lines{"2026-09-21T10:00:00.000Z ticket.created 7 queue=IT channel=email priority=high by=customer",
              "2026-09-21T10:00:00.000Z ticket.assigned 7 agent=a@x.example queue=IT priority=high",
              "2026-09-21T10:00:00.000Z ticket.status 7 text=open"});
  CHECK(shown(read(*format, body("replied", "Resolved", "2026-09-21T11:00:00Z"))) ==
        Lines{"2026-09-21T11:00:00.000Z ticket.assigned 7 agent=a@x.example queue=IT priority=high",
              "2026-09-21T11:00:00.000Z ticket.resolved 7 agent=a@x.example",
              "2026-09-21T11:00:00.000Z ticket.reply 7 by=agent"});
  CHECK(shown(read(*format, body("note_added", "Open", "2026-09-21T11:00:00Z"))).back() ==
        "2026-09-21T11:00:00.000Z ticket.reply 7 by=agent private");
  CHECK(shown(read(*format, body("customer_replied", "Open", "2026-09-21T11:00:00Z"))).back() ==
        "2026-09-21T11:00:00.000Z ticket.reply 7 by=customer");
  CHECK(shown(read(*format, body("deleted", "Closed", "2026-09-21T11:00:00Z"))).back() ==
        "2026-09-21T11:00:00.000Z ticket.merged 7 text=deleted");
  std::string rated = body("rated", "Resolved", "2026-09-21T11:00:00Z");
  rated.insert(1, R"("rating":"4",)");
  CHECK(shown(read(*format, rated)).back() == "2026-09-21T11:00:00.000Z ticket.rated 7 text=csat value=4");
  CHECK(read(*format, body("updated", "Odd", "2026-09-21T11:00:00Z")).batch.refused_by_code.at("bad_value") == 1);
}

TEST_CASE("words for states are ours, or refused when the source is set up") {
  auto options = feed::options();
  options.more["states"] = {"Back office=meeting", "Lunch=break"};
  CHECK(ingest::make_format("amazon_connect", options));
  options.more["states"] = {"Lunch=pause"};
  CHECK(ingest::make_format("amazon_connect", options).error().where == "states");
  options.more["states"] = {"Lunch"};
  CHECK(ingest::make_format("zammad", options).error().code == "bad_option");
  // A ticket's word for an agent: the message is refused, and nothing half is told.
  options.more["states"] = {"MEAL=solved", "meal=solved"};
  auto format = feed::make("genesys_cloud", options);
  const ingest::Intake out = read(*format, R"({"topicName":"v2.users.u1.presence","eventBody":{"presenceDefinition":)"
                                           R"({"systemPresence":"MEAL"},"modifiedDate":"2026-09-21T10:00:00.000Z"}})");
  CHECK(out.batch.refused_by_code.at("bad_value") == 1);
  CHECK(out.batch.events.empty());
}

TEST_CASE("every format says what it can, and its measures follow from that") {
  std::set<std::string_view> names;
  for (const ingest::FormatInfo& info : ingest::formats()) {
    INFO(info.name);
    CHECK(names.insert(info.name).second);
    CHECK(*names.rbegin() == info.name);  // in alphabetical order
    CHECK(ingest::measures_of(info.capabilities).any());
  }
  const auto measures =
      [](const char* format) { return ingest::measures_of(ingest::format_named(format)->capabilities); };
  const auto has = [&](const char* format,
      core::Measure m) { return measures(format).test(static_cast<std::size_t>(m)); };
  CHECK(has("asterisk_queue_log", core::Measure::waiting));
  CHECK_FALSE(has("asterisk_queue_log", core::Measure::hold));
  CHECK_FALSE(has("asterisk_queue_log", core::Measure::wrap_up));
  CHECK_FALSE(has("asterisk_cdr", core::Measure::wait));
  CHECK(has("amazon_connect", core::Measure::wrap_up));
  CHECK_FALSE(has("3cx_cdr", core::Measure::waiting));
  CHECK_FALSE(has("zendesk", core::Measure::queued));
  CHECK(has("zammad", core::Measure::first_response));
}
