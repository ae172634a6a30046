// Clouds, help desks and chats: what goes beyond a plain life (tests/helpdesk_formats_test.cpp): passing on, what is
// told late or not at all, ratings, names that are learnt, one bad record among good ones.
#include "feed.h"
#include "ingest/signature.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using feed::kNow;
using feed::Lines;
using feed::Numbers;
using feed::read;
using feed::shown;

Lines said(const std::string& format, const std::string& bytes, ingest::FormatOptions options = feed::options()) {
  auto made = feed::make(format, std::move(options));
  return shown(read(*made, bytes));
}

// A format that knows what another one remembers, as after a restart.
std::unique_ptr<ingest::Format> restarted(const std::string& name, const ingest::Format& before) {
  auto after = feed::make(name);
  REQUIRE(after->remember(before.memory()));
  CHECK(after->memory() == before.memory());
  return after;
}

}  // namespace

// ---- Zammad -------------------------------------------------------------------------------------------------

namespace {

std::string zammad(const std::string& updated, const std::string& state, const std::string& more = "") {
  return R"({"ticket":{"number":"81","created_at":"2026-09-21T10:00:00.000Z","updated_at":"2026-09-21T)" + updated +
         R"(Z","state":")" + state + R"(","group":{"name":"Desk"},"owner":{"login":"emma"})" + more + "}}";
}

}  // namespace

TEST_CASE("Zammad: a closing that was lost is told by what comes later, at its own instant") {
  Numbers n(kNow, {"tickets_resolved", "mean(first_resolution)", "now(backlog)"});
  auto format = feed::make("zammad");
  n.take(read(*format, zammad("10:00:01.000", "new")));
  n.take(read(*format, zammad("13:00:00.000", "closed", R"(,"last_close_at":"2026-09-21T11:00:00.000Z")")));
  CHECK(n.faults.empty());
  CHECK(n.sums("tenant") == std::vector<double>{1, 3'600'000, 0});
}

TEST_CASE("Zammad: who closes a ticket by taking it over has solved it") {
  Numbers n(kNow, {"tickets_resolved"});
  auto format = feed::make("zammad");
  std::string unowned = zammad("10:00:01.000", "new");
  unowned.replace(unowned.find("emma"), 4, "-");
  n.take(read(*format, unowned));
  n.take(read(*format, zammad("11:00:00.250", "closed", R"(,"last_close_at":"2026-09-21T11:00:00.100Z")")));
  n.take(read(*format, zammad("12:00:00.000", "closed", R"(,"last_close_at":"2026-09-21T11:00:00.100Z")")));
  CHECK(n.sums("agent/emma") == std::vector<double>{1});
}

TEST_CASE("Zammad: merged and removed tickets are over without being solved; ratings stand in a field") {
  for (const char* state : {"merged", "removed"}) {
    Numbers n(kNow, {"tickets_resolved", "now(backlog)", "tickets_created"});
    auto format = feed::make("zammad");
    n.take(read(*format, zammad("10:00:01.000", "new")));
    n.take(read(*format, zammad("11:00:00.000", state)));
    CHECK(n.sums("tenant") == std::vector<double>{0, 0, 1});
  }
  auto options = feed::options();
  options.more["rating_field"] = {"stars"};
  auto format = feed::make("zammad", options);
  Numbers n(kNow, {"rating", "sum(rating)", "rated_good"});
  const std::string closed = R"(,"last_close_at":"2026-09-21T11:00:00.000Z")";
  n.take(read(*format, zammad("11:00:00.000", "closed", closed + R"(,"stars":null)")));
  n.take(read(*format, zammad("12:00:00.000", "closed", closed + R"(,"stars":"4 - good")")));
  n.take(read(*format, zammad("13:00:00.000", "closed", closed + R"(,"stars":"4 - good")")));
  CHECK(n.faults.empty());
  CHECK(n.sums("agent/emma") == std::vector<double>{1, 4, 1});
}

// ---- Zendesk ------------------------------------------------------------------------------------------------

namespace {

std::string zendesk(const std::string& type, const std::string& event, const std::string& detail = "",
                    const std::string& at = "14:00:00") {
  return R"({"type":"zen:event-type:)" + type + R"(","id":"e-)" + type + at + R"(","time":"2026-09-21T)" + at +
         R"(.5Z","detail":{"id":"5158","assignee_id":"77","group_id":"9","requester_id":"3","submitter_id":"3",)"
         R"("created_at":"2026-09-21T13:00:00Z")" + detail + R"(},"event":)" + event + "}";
}

}  // namespace

TEST_CASE("Zendesk: ratings as they come, or only asked for") {
  const auto rating = [](const std::string& event) {
    const Lines lines = said("zendesk", zendesk("ticket.csat_received", event));
    return lines.empty() ? std::string() : lines[0].substr(lines[0].find("text="));
  };
  CHECK(rating(R"({"satisfaction_score":{"score":"GOOD","comment":"x"}})") == "text=thumbs value=1");
  CHECK(rating(R"({"satisfaction_score":{"score":"BAD"}})") == "text=thumbs value=0");
  CHECK(rating(R"({"current":"good"})") == "text=thumbs value=1");
  CHECK(rating(R"({"rating":4})") == "text=csat value=4");
  CHECK(rating(R"({"satisfaction_score":{"score":"OFFERED"}})").empty());
  CHECK(said("zendesk", zendesk("ticket.csat_requested", "{}")).empty());
}

TEST_CASE("Zendesk: what is deleted, spam or merged is over without being solved") {
  const std::string merged = R"(,"tags":["vip","closed_by_merge"])";
  const std::vector<std::pair<std::string, std::string>> endings = {
      {"ticket.soft_deleted", "{}"},
      {"ticket.permanently_deleted", "{}"},
      {"ticket.marked_as_spam", "{}"},
      {"ticket.merged", R"({"target_ticket_id":"5000"})"},
      {"ticket.status_changed", R"({"current":"CLOSED","previous":"OPEN"})"}};
  for (const auto& [type, event] : endings) {
    INFO(type);
    auto format = feed::make("zendesk");
    Numbers n(kNow, {"tickets_created", "now(backlog)", "tickets_resolved"});
    n.take(read(*format, zendesk("ticket.created", "{}", R"(,"status":"NEW")", "13:00:00")));
    CHECK(n.sums("tenant") == std::vector<double>{1, 1, 0});
    n.take(read(*format, zendesk(type, event, type == "ticket.status_changed" ? merged : "")));
    CHECK(n.faults.empty());
    CHECK(n.sums("tenant") == std::vector<double>{1, 0, 0});
    n.take(read(*format, zendesk("ticket.undeleted", "{}", R"(,"status":"OPEN")", "14:05:00")));
    CHECK(n.sum("tenant", 1) == 1);
  }
}

TEST_CASE("Zendesk: a ticket that is solved when it is created, and who is there") {
  Numbers n(kNow, {"tickets_created", "tickets_resolved", "now(backlog)"});
  auto format = feed::make("zendesk");
  n.take(read(*format, zendesk("ticket.created", "{}", R"(,"status":"SOLVED")")));
  CHECK(n.sums("tenant") == std::vector<double>{1, 1, 0});
  const auto state = [](const std::string& name) {
    return R"({"type":"zen:event-type:agent.unified_state_changed","id":"a","time":"2026-09-21T14:00:01Z",)"
           R"("subject":"zen:agent:10011","detail":{"account_id":"2","agent_id":"10011","version":"3"},"event":)"
           R"({"new_unified_state":{"id":"2","name":")" + name + R"(","reason":"AGENT_LOGIN"},)"
           R"("previous_unified_state":{"name":"offline"},"updated_at":"2026-09-21T14:00:00.642630335Z"}})";
  };
  CHECK(said("zendesk", state("online")) ==
        Lines{"2026-09-21T14:00:00.642Z agent.state 10011 text=available reason=online"});
  CHECK(said("zendesk", state("transfers_only")) ==
        Lines{"2026-09-21T14:00:00.642Z agent.state 10011 text=away reason=transfers_only"});
  CHECK(said("zendesk", state("offline")) == Lines{"2026-09-21T14:00:00.642Z agent.logout 10011"});
  auto options = feed::options();
  options.more["states"] = {"Lunch time=break"};
  options.agents = {{"10011", "anna"}};
  CHECK(said("zendesk", state("Lunch time"), options) ==
        Lines{"2026-09-21T14:00:00.642Z agent.state anna text=break reason=Lunch time"});
  // Others one may have subscribed to are no fault.
  for (const char* type : {"agent.work_item_added", "user.created", "messaging_live_metrics.active_conversations"}) {
    const ingest::Intake out = read(*format, zendesk(type, "{}"));
    CHECK(out.silent == 1);
    CHECK(out.remainders.empty());
  }
}

TEST_CASE("Zendesk: messages of a messaging conversation") {
  const auto message = [](const std::string& actor) {
    return R"({"type":"zen:event-type:messaging_ticket.message_added","id":"m","time":"2026-09-21T14:00:00Z",)"
           R"("subject":"zen:ticket:141","detail":{"id":"141"},"event":{"actor":)" + actor +
           R"(,"conversation_id":"67ab","message":{"body":"Hi","id":"x"}}})";
  };
  CHECK(said("zendesk", message(R"({"id":"zd:answerBot","type":"system"})")) ==
        Lines{"2026-09-21T14:00:00.000Z ticket.reply 141 by=system"});
  CHECK(said("zendesk", message(R"({"id":"42","name":"Ada","type":"agent"})")) ==
        Lines{"2026-09-21T14:00:00.000Z ticket.reply 141 agent=42 by=agent"});
  CHECK(said("zendesk", message(R"({"id":"7","type":"end_user"})")) ==
        Lines{"2026-09-21T14:00:00.000Z ticket.reply 141 by=customer"});
}

// ---- Jira ---------------------------------------------------------------------------------------------------

namespace {

std::string jira(const std::string& event, const std::string& fields, const std::string& rest = "",
                 long at = 1'789'999'000'000) {
  return R"({"timestamp":)" + std::to_string(at) + R"(,"webhookEvent":")" + event +
         R"(","issue":{"key":"IT-7","fields":{"created":"2026-09-21T10:00:00.000+0200","project":{"key":"IT"},)"
         R"("reporter":{"accountId":"r1","displayName":"Bob"},"assignee":{"accountId":"a1","displayName":"Emma"},)"
         R"("status":{"name":"Open","statusCategory":{"key":"new"}})" + fields + "}}" + rest + "}";
}

}  // namespace

TEST_CASE("Jira: stars count once, at an instant that stays the same") {
  const std::string stars = R"(,"customfield_10105":{"rating":4},"resolutiondate":"2026-09-21T13:00:00.000+0200")";
  Numbers n(kNow, {"rating", "sum(rating)"});
  auto format = feed::make("jira");
  n.take(read(*format, jira("jira:issue_updated", stars)));
  n.take(read(*format, jira("jira:issue_updated", stars, "", 1'789'999'900'000)));
  CHECK(n.faults.empty());
  CHECK(n.sums("tenant") == std::vector<double>{1, 4});
  CHECK(said("jira", jira("jira:issue_updated", stars)) ==
        Lines{"2026-09-21T11:00:00.000Z ticket.rated IT-7 text=csat value=4"});
  auto options = feed::options();
  options.more["rating_field"] = {"customfield_1", "customfield_2"};
  CHECK(said("jira",
             jira("jira:issue_updated",
                  R"(,"customfield_1":{"rating":2},"customfield_2":"2026-09-21T15:30:00.000+0200")" + stars),
             options) == Lines{"2026-09-21T13:30:00.000Z ticket.rated IT-7 text=csat value=2"});
  CHECK(said("jira", jira("jira:issue_updated", R"(,"customfield_9":{"rating":null})")).empty());
}

TEST_CASE("Jira: a comment that comes twice is one, and who asked is the customer") {
  const auto comment = [](const std::string& who, const std::string& id) {
    return R"(,"comment":{"id":")" + id + R"(","created":"2026-09-21T12:00:00.000+0200",)" +
           R"("author":{"accountId":")" + who + R"(","accountType":"atlassian","displayName":"X"},"jsdPublic":true})";
  };
  Numbers n(kNow, {"customer_replies", "agent_replies"});
  auto format = feed::make("jira");
  n.take(read(*format, jira("comment_created", "", comment("r1", "900"))));
  n.take(read(*format, jira("jira:issue_updated", "",
                            R"(,"issue_event_type_name":"issue_commented")" + comment("r1", "900"))));
  CHECK(n.sums("tenant") == std::vector<double>{1, 0});
  n.take(read(*format, jira("comment_created", "", comment("a1", "901"))));
  n.take(read(*format, jira("comment_created", "", comment("other", "902"))));
  CHECK(n.faults.empty());
  CHECK(n.sums("tenant") == std::vector<double>{1, 2});
  CHECK(said("jira", jira("jira:issue_deleted", "")) ==
        Lines{"2026-09-21T13:56:40.000Z ticket.merged IT-7 text=deleted"});
  CHECK(said("jira", jira("jira:issue_updated", R"(,"labels":["vip","a b"])",
                          R"(,"changelog":{"items":[{"field":"labels","toString":"vip a"}]})")) ==
        Lines{"2026-09-21T13:56:40.000Z ticket.tags IT-7 text=a b,vip"});
}

// ---- Amazon Connect -----------------------------------------------------------------------------------------

namespace {

const std::string kArn = "arn:aws:connect:eu-central-1:1:instance/i";

std::string snapshot(const std::string& contacts, const std::string& status = "Available",
                     const std::string& type = "ROUTABLE") {
  return R"({"AgentStatus":{"Name":")" + status + R"(","Type":")" + type +
         R"(","StartTimestamp":"2026-09-21T09:00:00Z"},"Configuration":{"Username":"anna","RoutingProfile":)"
         R"({"InboundQueues":[{"ARN":")" + kArn + R"(/queue/q1","Name":"Support"}]}},"Contacts":[)" + contacts + "]}";
}

std::string agent_event(const std::string& type, const std::string& at, const std::string& now,
                        const std::string& before = "null") {
  return R"({"AgentARN":")" + kArn + R"(/agent/u1","EventId":"e-)" + type + at + R"(","EventType":")" + type +
         R"(","EventTimestamp":"2026-09-21T)" + at + R"(Z","PreviousAgentSnapshot":)" + before +
         R"(,"CurrentAgentSnapshot":)" + now + "}";
}

std::string contact_event(const std::string& type, const std::string& id, const std::string& rest,
                          const std::string& method = "INBOUND") {
  return R"({"version":"0","detail-type":"Amazon Connect Contact Event","source":"aws.connect","detail":)"
         R"({"eventType":")" + type + R"(","contactId":")" + id + R"(","channel":"VOICE","initiationMethod":")" +
         method + R"(",)" + rest + "}}";
}

std::string record(const std::string& id, const std::string& rest, const std::string& method = "INBOUND") {
  return R"({"ContactId":")" + id + R"(","Channel":"VOICE","InitiationMethod":")" + method +
         R"(","InitiationTimestamp":"2026-09-21T10:00:00Z","LastUpdateTimestamp":"2026-09-21T10:30:00Z",)" + rest + "}";
}

const std::string kQueued = R"("Queue":{"ARN":"x/queue/q1","Name":"Support",)"
                            R"("EnqueueTimestamp":"2026-09-21T10:00:10Z",)"
                            R"("DequeueTimestamp":"2026-09-21T10:00:17Z","Duration":7},)";
const std::string kTaken = R"("Agent":{"ARN":"x/agent/u1","Username":"anna","ConnectedToAgentTimestamp":)"
                           R"("2026-09-21T10:00:17Z","AgentInteractionDuration":33,"AfterContactWorkStartTimestamp":)"
                           R"("2026-09-21T10:00:50Z"})";

}  // namespace

TEST_CASE("Amazon Connect: a heartbeat tells what there is, once") {
  const std::string contact = R"({"ContactId":"c1","Channel":"VOICE","State":"CONNECTED_ONHOLD","Queue":{"ARN":")" +
                              kArn + R"(/queue/q1","Name":"Support"},"QueueTimestamp":"2026-09-21T10:00:00Z",)"
                              R"("ConnectedToAgentTimestamp":"2026-09-21T10:00:30Z",)"
                              R"("StateStartTimestamp":"2026-09-21T10:01:00Z"})";
  auto format = feed::make("amazon_connect");
  Numbers n(kNow, {"now(agents_logged_in)", "now(agents_on_hold)", "wait", "sum(wait)", "now(holding)"});
  for (const char* at : {"10:02:00", "10:04:00", "10:06:00"}) {
    n.take(read(*format, agent_event("HEART_BEAT", at, snapshot(contact), snapshot(contact))));
  }
  CHECK(n.faults.empty());
  CHECK(n.sums("tenant") == std::vector<double>{1, 1, 1, 30'000, 1});
  CHECK(n.sum("queue/Support", 2) == 1);
}

TEST_CASE("Amazon Connect: contact events have ids only; names are learnt, also across a restart") {
  auto format = feed::make("amazon_connect");
  read(*format, agent_event("HEART_BEAT", "10:00:00", snapshot("")));
  format = restarted("amazon_connect", *format);
  Lines lines = shown(read(*format, contact_event("QUEUED", "c1", R"("queueInfo":{"queueArn":")" + kArn +
                           R"(/queue/q1","enqueueTimestamp":"2026-09-21T10:00:10.500Z"})")));
  CHECK(lines == Lines{"2026-09-21T10:00:10.500Z call.queued c1 queue=Support channel=voice"});
  lines = shown(read(*format, contact_event("CONNECTED_TO_AGENT", "c1", R"("AgentInfo":{"AgentArn":")" + kArn +
                     R"(/agent/u1","ConnectedToAgentTimestamp":"2026-09-21T10:00:17.500Z"})")));
  CHECK(lines == Lines{"2026-09-21T10:00:17.500Z call.answered c1 agent=anna channel=voice"});
  // What the configuration says of an ARN counts more.
  auto options = feed::options();
  options.queues = {{kArn + "/queue/q1", "ours"}};
  options.agents = {{"anna", "Anna A."}};
  auto named = feed::make("amazon_connect", options);
  lines = shown(read(*named, record("c9", kQueued + kTaken)));
  CHECK(lines[1].find("queue=Support") != std::string::npos);
  CHECK(lines[2].find("agent=Anna A.") != std::string::npos);
  lines = shown(read(*named, contact_event("QUEUED", "c1", R"("queueInfo":{"queueArn":")" + kArn +
                     R"(/queue/q1","enqueueTimestamp":"2026-09-21T10:00:10.500Z"})")));
  CHECK(lines[0].find("queue=ours") != std::string::npos);
}

TEST_CASE("Amazon Connect: the end of a contact that was passed on is not the end of the call") {
  auto format = feed::make("amazon_connect");
  const std::string begun = R"("initiationTimestamp":"2026-09-21T10:00:00Z")";
  const std::string gone = R"("disconnectTimestamp":"2026-09-21T10:05:00Z")";
  read(*format, contact_event("INITIATED", "c1", begun));
  const std::string second = R"("initialContactId":"c1","previousContactId":"c1",)";
  CHECK(shown(read(*format, contact_event("INITIATED", "c2", second + begun, "TRANSFER"))).empty());
  format = restarted("amazon_connect", *format);
  CHECK(shown(read(*format, contact_event("DISCONNECTED", "c1", gone))).empty());
  CHECK(shown(read(*format, contact_event("DISCONNECTED", "c2", second + gone, "TRANSFER"))) ==
        Lines{"2026-09-21T10:05:00.000Z call.ended c1 channel=voice"});
}

TEST_CASE("Amazon Connect: who listens in makes no call; transfers and callbacks are told by the next contact") {
  auto format = feed::make("amazon_connect");
  Numbers n(kNow, {"calls", "handled", "transferred", "callback", "queued"});
  n.take(read(*format, record("m1", kQueued + kTaken, "MONITOR")));
  CHECK(n.sums("tenant") == std::vector<double>{0, 0, 0, 0, 0});
  const auto after = [](const std::string& first) {
    return R"("InitialContactId":")" + first + R"(","PreviousContactId":")" + first + R"(",)" + kQueued + kTaken;
  };
  const std::string passed_on = R"(,"NextContactId":"c2","DisconnectReason":"AGENT_DISCONNECT")";
  n.take(read(*format, record("c1", kQueued + kTaken + passed_on)));
  n.take(read(*format, record("c2", after("c1"), "TRANSFER")));
  CHECK(n.sums("tenant") == std::vector<double>{1, 2, 1, 0, 2});
  const std::string hung_up = R"("NextContactId":"d2","DisconnectReason":"CONTACT_FLOW_DISCONNECT")";
  n.take(read(*format, record("d1", kQueued + hung_up)));
  const std::string back = record("d2", after("d1"), "CALLBACK");
  n.take(read(*format, back));
  CHECK(n.faults.empty());
  CHECK(n.sum("tenant", 3) == 1);
  CHECK(shown(read(*format, back)).back() == "2026-09-21T10:00:17.000Z call.called_back d1 agent=anna");
}

TEST_CASE("Amazon Connect: what is wrong with one record of a delivery costs that one and keeps its bytes only") {
  auto format = feed::make("amazon_connect");
  const std::string good = record("c1", kQueued + kTaken);
  const std::string two = record("c2", kQueued + kTaken) + "\n" + record("c3", kQueued + kTaken);
  const ingest::Intake out = read(*format, R"({"requestId":"r","timestamp":1,"records":[{"data":")" +
                                               ingest::base64(good) + R"("},{"data":"%%"},{"data":")" +
                                               ingest::base64("{\"no\":") + R"("},{"data":")" +
                                               ingest::base64(two) + R"("},{}]})");
  CHECK(out.batch.refused == 3);
  REQUIRE(out.remainders.size() == 3);
  CHECK(out.remainders[0].bytes == "%%");
  CHECK(out.remainders[0].why.where == "/records/1/data");
  CHECK(out.remainders[1].bytes == "{\"no\":");
  CHECK(out.remainders[2].why.where == "/records/4/data");
  CHECK(out.batch.accepted == 3);
}

// ---- Twilio -------------------------------------------------------------------------------------------------

namespace {

std::string form(const std::string& type, long s, const std::string& rest) {
  return "EventType=" + type + "&Sid=EV" + type + std::to_string(s) + "&TimestampMs=" + std::to_string(s) +
         "000&TaskSid=WT1&TaskQueueName=sales&TaskChannelUniqueName=voice&" + rest;
}

}  // namespace

TEST_CASE("Twilio: tasks that are passed on, cold and warm, by whom a reservation names") {
  for (const bool warm : {false, true}) {
    auto format = feed::make("twilio_taskrouter");
    Numbers n(kNow, {"handled", "transferred", "transferred_blind", "sum(talk)", "sum(wrap_up)", "wrap_up"});
    const std::string anna = "WorkerName=anna&WorkerSid=WKa&ReservationSid=WRa";
    const std::string bert = "WorkerName=bert&WorkerSid=WKb&ReservationSid=WRb";
    const std::string pass = std::string("TransferMode=") + (warm ? "WARM" : "COLD") +
                             "&TransferInitiatingReservationSid=WRa&TransferInitiatingWorkerSid=WKa&TransferTo=WKb";
    n.take(read(*format, form("task-queue.entered", 1'789'999'000, "TaskAttributes=%7B%7D")));
    n.take(read(*format, form("reservation.created", 1'789'999'001, anna)));
    n.take(read(*format, form("reservation.accepted", 1'789'999'010, anna)));
    format = restarted("twilio_taskrouter", *format);
    n.take(read(*format, form("task.transfer-initiated", 1'789'999'040, pass)));
    n.take(read(*format, form("reservation.created", 1'789'999'041, bert)));
    n.take(read(*format, form("reservation.accepted", 1'789'999'050, bert)));
    n.take(read(*format, form("task.transfer-completed", 1'789'999'060, pass)));
    n.take(read(*format, form("reservation.wrapup", 1'789'999'061, anna)));
    n.take(read(*format, form("reservation.completed", 1'789'999'065, anna)));
    n.take(read(*format, form("reservation.wrapup", 1'789'999'110, bert)));
    format = restarted("twilio_taskrouter", *format);
    n.take(read(*format, form("reservation.completed", 1'789'999'130, bert)));
    CHECK(n.faults.empty());
    const double anna_talk = warm ? 50'000 : 30'000;
    const double anna_wrap = 1'789'999'065'000.0 - (1'789'999'010'000.0 + anna_talk);
    CHECK(n.sums("tenant") == std::vector<double>{2, 1, warm ? 0.0 : 1.0, anna_talk + 60'000, anna_wrap + 20'000, 2});
    CHECK(n.sum("agent/anna", 1) == 1);
  }
}

TEST_CASE("Twilio: a call that we make waits in no queue; why a task was canceled is told by its reason") {
  const std::string out = "TaskAttributes=" "%7B%22direction%22%3A%22outbound%22%7D";
  CHECK(said("twilio_taskrouter", form("task-queue.entered", 1'789'999'000, out)).empty());
  CHECK(said("twilio_taskrouter", form("task.created", 1'789'999'000, out)) ==
        Lines{"2026-09-21T13:56:40.000Z call.started WT1 channel=voice text=outbound"});
  const auto how = [](const std::string& reason) {
    const std::string why = "TaskCanceledReason=" + reason;
    const std::string line = said("twilio_taskrouter", form("task.canceled", 1'789'999'000, why))[0];
    const std::size_t text = line.find("text=");
    return line.substr(25, line.find(' ', 25) - 25) + (text == line.npos ? "" : line.substr(text + 4));
  };
  CHECK(how("hangup") == "call.abandoned");
  CHECK(how("Caller+hung+up") == "call.abandoned");
  CHECK(how("Task+TTL+Exceeded") == "call.left=timeout");
  CHECK(how("Left+a+voicemail") == "call.left=voicemail");
  CHECK(how("callback+requested") == "call.left=callback");
  CHECK(how("redirected") == "call.left=overflow");
  CHECK(how("clean+up") == "call.left=other");
}

TEST_CASE("Twilio: an event of the callback and of the stream is one; names are decoded") {
  const std::string streamed =
      R"([{"specversion":"1.0","type":"com.twilio.taskrouter.reservation.accepted","source":"AC","id":"NO9",)"
      R"("time":"2026-09-21T13:56:49.000Z","data":{"sid":"EVreservation.accepted1789999009","name":"x","timestamp":)"
      R"("2026-09-21T13:56:49.000Z","payload":{"task_sid":"WT1","task_queue_name":"sales & more","worker_name":)"
      R"("Zoë B","reservation_sid":"WRa","task_channel_unique_name":"voice"}}}])";
  std::string called = form("reservation.accepted", 1'789'999'009, "WorkerName=Zo%C3%AB+B&ReservationSid=WRa");
  called.replace(called.find("=sales&"), 7, "=sales+%26+more&");
  auto format = feed::make("twilio_taskrouter");
  const ingest::Intake a = read(*format, streamed), b = read(*format, called);
  CHECK(shown(a) == Lines{"2026-09-21T13:56:49.000Z call.answered WT1 agent=Zoë B queue=sales & more channel=voice"});
  CHECK(shown(b) == shown(a));
  CHECK(a.batch.events[0].id == b.batch.events[0].id);
  // Kinds that tell nothing are no fault.
  for (const char* type : {"worker.capacity.update", "worker.attributes.update", "worker.channel.availability.update",
                           "task-queue.moved", "workflow.entered", "reservation.rescinded", "task.wrapup"}) {
    INFO(type);
    CHECK(read(*format, form(type, 1'789'999'000, "")).silent == 1);
  }
  CHECK(said("twilio_taskrouter", form("worker.deleted", 1'789'999'000, "WorkerName=anna")) ==
        Lines{"2026-09-21T13:56:40.000Z agent.logout anna"});
}

// ---- Genesys ------------------------------------------------------------------------------------------------

TEST_CASE("Genesys: detail events as EventBridge delivers them") {
  const auto event = [](const std::string& kind, long at, const std::string& rest) {
    return R"({"version":"0","id":"x","detail-type":"v2.detail.events.conversation.{id}.)" + kind +
           R"(","source":"aws.partner/genesys.com/o","detail":{"topicName":"v2.detail.events.conversation.g1.)" +
           kind + R"(","version":"2","timestamp":"2026-09-21T14:00:00Z","eventBody":{"eventTime":)" +
           std::to_string(1'789'999'000'000 + at) + R"(,"conversationId":"g1","participantId":"p","sessionId":"s-)" +
           kind + R"(","mediaType":"VOICE")" + rest + "}}}";
  };
  const Lines answered = {
      event("customer.start", 0, R"(,"direction":"INBOUND","ani":"tel:+491234567")"),
      event("acd.start", 5'000, R"(,"queueId":"q1")"),
      event("user.start", 9'000, R"(,"queueId":"q1","userId":"u1")"),
      event("acd.end", 15'000, R"(,"queueId":"q1","acdOutcome":"ANSWERED","answeredUserId":"u1")"),
      event("user.end", 85'000,
            R"(,"queueId":"q1","userId":"u1","interactingDurationMs":60000,"heldDurationMs":10000,)"
            R"("alertingDurationMs":6000,"disconnectType":"PEER")"),
      event("customer.end", 85'000, ""),
      event("acw", 105'000, R"(,"userId":"u1")"),
      event("attributes", 106'000, "")};
  const Lines formulas = {"queued", "wait", "sum(wait)", "sum(talk)", "sum(hold)", "sum(wrap_up)", "handled",
                          "abandon_wait"};
  const std::vector<double> expected = {1, 1, 10'000, 60'000, 10'000, 20'000, 1, 0};
  for (const bool backwards : {false, true}) {
    auto format = feed::make("genesys_cloud");
    Numbers n(kNow, formulas);
    Lines told = answered;
    if (backwards) std::reverse(told.begin(), told.end());
    for (int i = 0; i < 2; ++i) {
      for (const std::string& one : told) n.take(read(*format, one));
    }
    CHECK(n.faults.empty());
    CHECK(n.sums("tenant") == expected);
  }
  // In one body, as an export.
  auto format = feed::make("genesys_cloud");
  Numbers n(kNow, formulas);
  std::string all;
  for (const std::string& one : answered) all += (all.empty() ? "[" : ",") + one;
  n.take(read(*format, all + "]"));
  CHECK(n.sums("tenant") == expected);
  CHECK(said("genesys_cloud", event("acd.end", 0, R"(,"queueId":"q1","acdOutcome":"ABANDON")")) ==
        Lines{"2026-09-21T13:56:40.000Z call.abandoned g1 queue=q1 channel=voice"});
  CHECK(said("genesys_cloud", event("acd.end", 0, R"(,"queueId":"q1","acdOutcome":"FLOW_OUT")")) ==
        Lines{"2026-09-21T13:56:40.000Z call.left g1 queue=q1 channel=voice text=overflow"});
  CHECK(said("genesys_cloud", event("user.end", 0, R"(,"userId":"u1","alertingDurationMs":9000)")) ==
        Lines{"2026-09-21T13:56:40.000Z call.no_answer g1 agent=u1 channel=voice value=9000"});
}

TEST_CASE("Genesys: conversations of one medium, heartbeats, and a queue that only the topic names") {
  const std::string calls =
      R"({"topicName":"v2.users.u1.conversations.calls","eventBody":{"id":"g2","participants":[)"
      R"({"id":"p1","purpose":"customer","connectedTime":"2026-09-21T10:00:00Z","direction":"inbound"},)"
      R"({"id":"p2","purpose":"acd","connectedTime":"2026-09-21T10:00:05Z","endTime":"2026-09-21T10:00:15Z",)"
      R"("queue":{"id":"q1"},"disconnectType":"transfer"},)"
      R"({"id":"p3","purpose":"agent","user":{"id":"u1"},"connectedTime":"2026-09-21T10:00:15Z",)"
      R"("endTime":"2026-09-21T10:01:15Z","disconnectType":"transfer.consult","state":"disconnected"}]}})";
  CHECK(said("genesys_cloud", calls) ==
        Lines{"2026-09-21T10:00:00.000Z call.started g2 channel=voice text=inbound",
              "2026-09-21T10:00:05.000Z call.queued g2 queue=q1 channel=voice",
              "2026-09-21T10:00:15.000Z call.answered g2 agent=u1 channel=voice",
              "2026-09-21T10:01:15.000Z call.transferred g2 agent=u1 channel=voice text=attended"});
  const std::string chat = R"({"topicName":"v2.routing.queues.q9.conversations.messages","eventBody":{"id":"g3",)"
                           R"("participants":[{"id":"p2","purpose":"acd","connectedTime":"2026-09-21T10:00:05Z"}]}})";
  CHECK(said("genesys_cloud", chat) == Lines{"2026-09-21T10:00:05.000Z call.queued g3 queue=q9 channel=chat"});
  auto format = feed::make("genesys_cloud");
  for (const char* quiet :
       {R"({"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}})",
        R"({"topicName":"v2.system.socket_closing","eventBody":{"message":"bye"}})",
        R"({"topicName":"v2.users.u1.conversationsummary","eventBody":{"call":{}}})"}) {
    const ingest::Intake out = read(*format, quiet);
    CHECK(out.silent == 1);
    CHECK(out.remainders.empty());
  }
}

// ---- LiveChat -----------------------------------------------------------------------------------------------

TEST_CASE("LiveChat: a chat that is passed to another group waits there, and who leaves it is done") {
  const auto hook = [](const std::string& action, const std::string& payload) {
    return R"({"webhook_id":"w","secret_key":"s","action":")" + action + R"(","payload":)" + payload + "}";
  };
  const std::string where = R"("chat_id":"C1","thread_id":"T1")";
  auto format = feed::make("livechat");
  Numbers n(kNow + 600'000, {"queued", "wait", "transferred", "sum(talk)", "now(talking)", "now(waiting)", "rated",
                                "rated_good"});
  const auto tell = [&](const std::string& action, const std::string& payload, long s) {
    ingest::Intake out = read(*format, hook(action, payload), kNow + s * 1000);
    CHECK(out.batch.refused == 0);
    n.take(out);
    return out;
  };
  tell("incoming_chat", R"({"chat":{"id":"C1","access":{"group_ids":[7]},"users":[{"id":"v1","type":"customer"}],)"
                        R"("thread":{"id":"T1","created_at":"2026-09-21T14:13:20Z","queue":{"position":1,)"
                        R"("queued_at":"2026-09-21T14:13:20Z"}}}})", 0);
  tell("user_added_to_chat", "{" + where + R"(,"user":{"id":"ann@x.example","type":"agent"},"user_type":"agent"})", 10);
  tell("chat_transferred", "{" + where + R"(,"requester_id":"ann@x.example","reason":"manual","transferred_to":)"
       R"({"group_ids":[8]},"queue":{"position":3,"queued_at":"2026-09-21T14:14:20Z"}})", 60);
  tell("user_removed_from_chat", "{" + where + R"(,"user_id":"ann@x.example","user_type":"agent"})", 60);
  CHECK(n.now("queue/8", "k5") == "1");
  tell("user_added_to_chat", "{" + where + R"(,"user":{"id":"bob@x.example","type":"agent"},"user_type":"agent"})", 90);
  const ingest::Intake end = tell("chat_deactivated", "{" + where + R"(,"user_id":"v1"})", 120);
  CHECK(end.unmapped_agents.empty());  // a visitor is no agent
  tell("thread_properties_updated", "{" + where + R"(,"properties":{"rating":{"score":{"value":0}}}})", 130);
  tell("thread_properties_updated", "{" + where + R"(,"properties":{"rating":{"score":1,"comment":"x"}}})", 140);
  tell("thread_properties_updated", "{" + where + R"(,"properties":{"routing":{"pinned":true}}})", 150);
  CHECK(n.faults.empty());
  CHECK(n.sums("tenant") == std::vector<double>{2, 2, 1, 80'000, 0, 0, 1, 1});
  CHECK(n.sum("queue/8", 1) == 1);
  CHECK(n.sum("agent/bob@x.example", 7) == 1);
  CHECK(n.sum("agent/ann@x.example", 6) == 0);
}
