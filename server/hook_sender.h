// HookSender: requests to receivers over the network, many at a time, none waiting for another: HTTP and SMTP by
// libcurl, names by the system's resolver on threads of their own. Who may be told is judged here, on every attempt:
// the name is resolved, every address judged, the connection goes to one that was judged (and the socket is asked once
// more), no redirect is followed, no proxy of the environment is used, no connection is used twice (it was judged for
// another receiver), and at most 64 KiB of an answer are read.
// One thread, but for wake().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/event.h"
#include "core/result.h"
#include "server/hook_target.h"

namespace server {

inline constexpr std::size_t kLongestAnswer = 64 * 1024;
inline constexpr core::Duration kConnectWithin = 5 * windows::kSecond;

struct HookOutgoing {
  std::uint64_t ticket = 0;  // the caller's; not one that is under way
  HookUrl url;
  std::vector<std::string> headers;
  std::string body;
  AllowList allow;
  core::Duration timeout = 15 * windows::kSecond;
  std::string ca_file;
  std::size_t turn = 0;  // which of the addresses: the next attempt tries the next
  // of mail: body is the message
  std::string from, user, password;
  std::vector<std::string> to;
  bool starttls = false;
};

struct HookAnswer {
  std::uint64_t ticket = 0;
  int status = 0;     // of HTTP; 0: there was none. Mail: 200 when it was taken
  std::string error;  // what went wrong on the way; for people; never a secret
  core::Duration retry_after = 0;
};

// All addresses of a name, in the order in which to try them. Called on a thread of its own. Errors: not_found.
using ResolveName = std::function<core::Result<std::vector<Address>>(const std::string& host)>;

class HookSender {
 public:
  explicit HookSender(ResolveName resolve = {});  // none: the system's
  ~HookSender();

  void send(HookOutgoing outgoing);
  // What came back; waits until something did, somebody woke it, or `at_most` (ms) has passed.
  std::vector<HookAnswer> wait(core::Duration at_most);
  void wake();  // any thread
  void cancel(std::uint64_t ticket);  // no answer will come
  std::size_t under_way() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace server
