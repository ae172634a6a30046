// What we say to a switch before it tells us anything, byte for byte, and what becomes of its refusals.
#include "server/source_dialogue.h"

#include <catch2/catch.hpp>

using server::SourceConfig;

TEST_CASE("AMI: log in after the greeting, then filters, then the question for everything that is now") {
  SourceConfig config;
  config.user = "ringside";
  config.password = "s3cret";
  config.filters = {"!Event: VarSet"};
  const auto dialogue = server::make_dialogue(ingest::Framing::ami, config);
  CHECK(dialogue->greeting().empty());
  CHECK(dialogue->keep_alive().empty());
  const auto challenge = dialogue->heard("Asterisk Call Manager/5.0.2");
  CHECK(challenge.ours);
  CHECK(challenge.send == "Action: Challenge\r\nActionID: ringside-challenge\r\nAuthType: MD5\r\n\r\n");
  const auto login = dialogue->heard("Response: Success\r\nActionID: ringside-challenge\r\nChallenge: 113543555");
  CHECK(login.ours);
  // Of "113543555s3cret".
  CHECK(login.send ==
        "Action: Login\r\nActionID: ringside-login\r\nUsername: ringside\r\nAuthType: MD5\r\n"
        "Key: 968ce9d69b95c94d21d197791408b1d3\r\nEvents: agent,call,dialplan,system\r\n\r\n");
  const std::string status =
      "Action: QueueStatus\r\nActionID: ringside-status\r\n\r\n"
      "Action: CoreShowChannels\r\nActionID: ringside-channels\r\n\r\n";
  const auto in = dialogue->heard("Response: Success\r\nActionID: ringside-login\r\nMessage: Authentication accepted");
  CHECK(in.ours);
  CHECK(in.send ==
        "Action: Filter\r\nActionID: ringside-filter\r\nOperation: Add\r\nFilter: !Event: VarSet\r\n\r\n" + status);
  CHECK(dialogue->ready());
  CHECK_FALSE(dialogue->keep_alive().empty());
  CHECK(dialogue->heard("Response: Success\r\nActionID: ringside-status\r\nEventList: start").ours);
  // The answers are events like any other; while they come, we do not ask again.
  CHECK_FALSE(dialogue->heard("Event: QueueParams\r\nActionID: ringside-status\r\nQueue: sales").ours);
  CHECK(dialogue->heard("Event: FullyBooted\r\nStatus: Fully Booted").send.empty());
  CHECK_FALSE(dialogue->heard("Event: QueueStatusComplete\r\nActionID: ringside-status").ours);
  CHECK(dialogue->heard("Event: FullyBooted\r\nStatus: Fully Booted").send == status);
  CHECK_FALSE(dialogue->heard("Response: Success\r\nActionID: of-somebody-else").ours);
}

TEST_CASE("AMI: without a challenge the password itself is sent only where that was wished") {
  SourceConfig config;
  config.user = "ringside";
  config.password = "s3cret";
  const auto refused = server::make_dialogue(ingest::Framing::ami, config);
  refused->heard("Asterisk Call Manager/5.0.2");
  const auto no = refused->heard("Response: Error\r\nActionID: ringside-challenge\r\nMessage: Invalid/unknown command");
  CHECK(no.failed == "challenge refused: Invalid/unknown command");
  CHECK(no.send.empty());
  config.plain_login = true;
  const auto plain = server::make_dialogue(ingest::Framing::ami, config);
  CHECK(plain->heard("Asterisk Call Manager/5.0.2").send ==
        "Action: Login\r\nActionID: ringside-login\r\nUsername: ringside\r\nSecret: s3cret\r\n"
        "Events: agent,call,dialplan,system\r\n\r\n");
}

TEST_CASE("AMI: what a user may not ask is named with the right that is missing, until it is answered") {
  SourceConfig config;
  config.plain_login = true;
  config.filters = {"!Event: VarSet", "!Event: Newexten"};
  const auto dialogue = server::make_dialogue(ingest::Framing::ami, config);
  dialogue->heard("Asterisk Call Manager/5.0.2");
  dialogue->heard("Response: Success\r\nActionID: ringside-login\r\nMessage: Authentication accepted");
  CHECK(dialogue->refused().empty());
  const std::string denied = "\r\nMessage: Permission denied";
  CHECK(dialogue->heard("Response: Error\r\nActionID: ringside-channels" + denied).ours);
  CHECK(dialogue->ready());
  CHECK(dialogue->refused() ==
        "CoreShowChannels is refused (Permission denied): the manager user needs write = reporting");
  dialogue->heard("Response: Error\r\nActionID: ringside-filter" + denied);
  dialogue->heard("Response: Success\r\nActionID: ringside-filter\r\nMessage: Filter added");
  dialogue->heard("Response: Error\r\nActionID: ringside-status\r\nMessage: Invalid/unknown command: QueueStatus.");
  const std::string filter = "Filter is refused (Permission denied): the manager user needs write = system";
  CHECK(dialogue->refused() ==
        "CoreShowChannels is refused (Permission denied): the manager user needs write = reporting; " + filter +
            "; QueueStatus is refused (Invalid/unknown command: QueueStatus.)");
  // Somebody else's answers, and those to a ping, say nothing about it.
  dialogue->heard("Response: Error\r\nActionID: of-somebody-else" + denied);
  // It asks again when Asterisk has started: only what is refused then counts.
  CHECK_FALSE(dialogue->heard("Event: FullyBooted\r\nStatus: Fully Booted").send.empty());
  CHECK(dialogue->refused() == filter);
}

TEST_CASE("AMI: a refused login says why") {
  const auto dialogue = server::make_dialogue(ingest::Framing::ami, {});
  dialogue->heard("Asterisk Call Manager/5.0.2");
  const auto refused =
      dialogue->heard("Response: Error\r\nActionID: ringside-login\r\nMessage: Authentication failed");
  CHECK(refused.failed == "login refused: Authentication failed");
  CHECK_FALSE(dialogue->ready());
}

TEST_CASE("event socket: password, then what we want to hear") {
  SourceConfig config;
  config.password = "ClueCon";
  const auto dialogue = server::make_dialogue(ingest::Framing::event_socket, config);
  CHECK(dialogue->heard("Content-Type: auth/request").send == "auth ClueCon\n\n");
  const auto in = dialogue->heard("Content-Type: command/reply\nReply-Text: +OK accepted");
  CHECK(in.ours);
  CHECK(in.send ==
        "event plain MESSAGE_WAITING CHANNEL_HANGUP_COMPLETE CHANNEL_HOLD CHANNEL_UNHOLD CUSTOM callcenter::info "
        "vm::maintenance\n\n");
  CHECK_FALSE(dialogue->ready());
  const auto listening = dialogue->heard("Content-Type: command/reply\nReply-Text: +OK event listener enabled plain");
  CHECK(listening.ours);
  CHECK(listening.send == "api callcenter_config agent list\n\napi callcenter_config queue list members\n\n");
  CHECK(dialogue->ready());
  CHECK_FALSE(dialogue->heard("Content-Type: api/response\nContent-Length: 4\n\n+OK\n").ours);
  CHECK_FALSE(dialogue->heard("Content-Type: text/event-plain\nContent-Length: 3\n\nx\n\n").ours);
  CHECK(dialogue->heard("Content-Type: text/disconnect-notice\nContent-Length: 2\n\nby").failed == "it said goodbye");
}

TEST_CASE("event socket: refusals say why") {
  const auto dialogue = server::make_dialogue(ingest::Framing::event_socket, {});
  CHECK(dialogue->heard("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n").failed ==
        "refused: our address is not in its access list");
  dialogue->heard("Content-Type: auth/request");
  CHECK(dialogue->heard("Content-Type: command/reply\nReply-Text: -ERR invalid").failed == "refused: -ERR invalid");
}
