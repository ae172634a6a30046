#include "server/hook_sender.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "server/clock.h"

namespace server {
namespace {

core::Result<std::vector<Address>> resolve_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (code != 0) return core::Error{"not_found", host + ": " + gai_strerror(code), {}};
  std::vector<Address> all;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address address;
    if (one->ai_family == AF_INET) {
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in*>(one->ai_addr)->sin_addr, 4);
    } else if (one->ai_family == AF_INET6) {
      address.v6 = true;
      std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(one->ai_addr)->sin6_addr, 16);
    } else {
      continue;
    }
    if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
  }
  freeaddrinfo(found);
  return all;
}

// What resolving threads put their answers into. It outlives the sender: a resolver cannot be interrupted.
struct Mailbox {
  struct Found {
    std::uint64_t ticket = 0;
    core::Result<std::vector<Address>> addresses;
  };
  std::mutex mutex;
  std::vector<Found> found;
  CURLM* multi = nullptr;  // whom to wake; null once the sender is gone
};

struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListCloser>;

void append(List& list, const std::string& text) {
  curl_slist* longer = curl_slist_append(list.get(), text.c_str());
  CHECK(longer != nullptr, "there is memory");
  (void)list.release();
  list.reset(longer);
}

struct EasyCloser {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

struct Transfer {
  HookOutgoing outgoing;
  core::Time deadline = 0;  // steady
  std::unique_ptr<CURL, EasyCloser> easy;  // none: its name is being resolved
  List headers, connect_to, recipients;
  std::size_t read = 0;     // of the answer
  std::size_t written = 0;  // of a mail
  std::string refused;      // by the socket's last check
};

std::size_t take_answer(char*, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.read += size * count;
  return transfer.read > kLongestAnswer ? 0 : size * count;  // 0: that is enough
}

std::size_t give_mail(char* to, std::size_t size, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::string& body = transfer.outgoing.body;
  const std::size_t n = std::min(size * count, body.size() - transfer.written);
  std::memcpy(to, body.data() + transfer.written, n);
  transfer.written += n;
  return n;
}

// The last check, of the very address the socket will have.
curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* to) {
  auto& transfer = *static_cast<Transfer*>(context);
  Address address;
  if (to->family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &to->addr, sizeof v4);
    std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
  } else if (to->family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &to->addr, std::min<std::size_t>(sizeof v6, to->addrlen));
    address.v6 = true;
    std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
  } else {
    transfer.refused = "neither IPv4 nor IPv6";
    return CURL_SOCKET_BAD;
  }
  if (!may_connect(address, transfer.outgoing.allow, transfer.outgoing.url.host)) {
    transfer.refused = to_text(address) + " is not a public address, and `allow` does not name it";
    return CURL_SOCKET_BAD;
  }
  return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK, "libcurl knows the option");
}

void set_security(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");     // also: none of the environment
  set(easy, CURLOPT_NOPROXY, "*");
  set(easy, CURLOPT_FRESH_CONNECT, 1L);
  set(easy, CURLOPT_FORBID_REUSE, 1L);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!transfer.outgoing.ca_file.empty()) set(easy, CURLOPT_CAINFO, transfer.outgoing.ca_file.c_str());
}

void set_request(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  const HookOutgoing& outgoing = transfer.outgoing;
  if (!outgoing.url.scheme.starts_with("smtp")) {
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(outgoing.body.size()));
    set(easy, CURLOPT_POSTFIELDS, outgoing.body.c_str());
    set(easy, CURLOPT_USERAGENT, "Ringside");
    append(transfer.headers, "Expect:");  // no asking first
    for (const std::string& header : outgoing.headers) append(transfer.headers, header);
    set(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
    return;
  }
  set(easy, CURLOPT_MAIL_FROM, outgoing.from.c_str());
  for (const std::string& to : outgoing.to) append(transfer.recipients, to);
  set(easy, CURLOPT_MAIL_RCPT, transfer.recipients.get());
  set(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);  // one who has left must not keep it from the others
  set(easy, CURLOPT_UPLOAD, 1L);
  set(easy, CURLOPT_READFUNCTION, give_mail);
  set(easy, CURLOPT_READDATA, &transfer);
  set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(outgoing.body.size()));
  if (outgoing.starttls) set(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!outgoing.user.empty()) {
    set(easy, CURLOPT_USERNAME, outgoing.user.c_str());
    set(easy, CURLOPT_PASSWORD, outgoing.password.c_str());
  }
}

std::string connect_to(const HookUrl& url, const Address& address) {
  const auto bracketed = [](const std::string& host) {
    return host.find(':') == host.npos ? host : "[" + host + "]";
  };
  const std::string port = std::to_string(url.port);
  return bracketed(url.host) + ":" + port + ":" + bracketed(to_text(address)) + ":" + port;
}

}  // namespace

struct HookSender::Parts {
  ResolveName resolve;
  CURLM* multi = nullptr;
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  std::map<std::uint64_t, std::unique_ptr<Transfer>> transfers;
  std::vector<HookAnswer> answers;

  void start_resolving(const Transfer& transfer);
  void resolved(Transfer& transfer, const core::Result<std::vector<Address>>& addresses);
  void take_resolved();
  void take_finished();
  void give_up_resolving();
  void finish(std::uint64_t ticket, HookAnswer answer);
  core::Time next_deadline() const;
};

HookSender::HookSender(ResolveName resolve) : parts_(std::make_unique<Parts>()) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(ready == CURLE_OK, "libcurl starts");
  parts_->resolve = resolve ? std::move(resolve) : resolve_by_system;
  parts_->multi = curl_multi_init();
  CHECK(parts_->multi != nullptr, "libcurl starts");
  parts_->mailbox->multi = parts_->multi;
}

HookSender::~HookSender() {
  {
    const std::lock_guard lock(parts_->mailbox->mutex);
    parts_->mailbox->multi = nullptr;
  }
  while (!parts_->transfers.empty()) cancel(parts_->transfers.begin()->first);
  curl_multi_cleanup(parts_->multi);
}

void HookSender::send(HookOutgoing outgoing) {
  auto transfer = std::make_unique<Transfer>();
  const std::uint64_t ticket = outgoing.ticket;
  transfer->deadline = steady_now() + outgoing.timeout;
  transfer->outgoing = std::move(outgoing);
  Transfer& placed = *(parts_->transfers[ticket] = std::move(transfer));
  const auto literal = parse_address(placed.outgoing.url.host);
  if (literal) {
    parts_->resolved(placed, std::vector<Address>{*literal});
  } else {
    parts_->start_resolving(placed);
  }
}

// A thread for each: a name server that hangs holds up its own receiver only, and attempts are few.
void HookSender::Parts::start_resolving(const Transfer& transfer) {
  std::thread([mailbox = mailbox, by = resolve, host = transfer.outgoing.url.host, ticket = transfer.outgoing.ticket] {
    auto addresses = by(host);
    const std::lock_guard lock(mailbox->mutex);
    if (mailbox->multi == nullptr) return;
    mailbox->found.push_back({ticket, std::move(addresses)});
    curl_multi_wakeup(mailbox->multi);
  }).detach();
}

void HookSender::Parts::resolved(Transfer& transfer, const core::Result<std::vector<Address>>& addresses) {
  const HookOutgoing& outgoing = transfer.outgoing;
  if (!addresses) return finish(outgoing.ticket, {outgoing.ticket, 0, addresses.error().message, 0});
  const core::Status judged = judge(outgoing.url, *addresses, outgoing.allow);
  if (!judged) return finish(outgoing.ticket, {outgoing.ticket, 0, judged.error().message, 0});
  const core::Duration left = transfer.deadline - steady_now();
  if (left <= 0) return finish(outgoing.ticket, {outgoing.ticket, 0, "the name took too long to resolve", 0});

  transfer.easy.reset(curl_easy_init());
  CURL* easy = transfer.easy.get();
  CHECK(easy != nullptr, "there is memory");
  const Address& address = (*addresses)[outgoing.turn % addresses->size()];
  append(transfer.connect_to, connect_to(outgoing.url, address));
  set(easy, CURLOPT_URL, outgoing.url.text.c_str());
  set(easy, CURLOPT_CONNECT_TO, transfer.connect_to.get());
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left));
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(left, kConnectWithin)));
  set(easy, CURLOPT_WRITEFUNCTION, take_answer);
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set(easy, CURLOPT_HEADERFUNCTION, take_answer);
  set(easy, CURLOPT_HEADERDATA, &transfer);
  set(easy, CURLOPT_PRIVATE, &transfer);
  set_security(transfer);
  set_request(transfer);
  CHECK(curl_multi_add_handle(multi, easy) == CURLM_OK, "a transfer can begin");
}

void HookSender::Parts::finish(std::uint64_t ticket, HookAnswer answer) {
  const auto found = transfers.find(ticket);
  if (found->second->easy) curl_multi_remove_handle(multi, found->second->easy.get());
  transfers.erase(found);
  answers.push_back(std::move(answer));
}

void HookSender::Parts::take_resolved() {
  std::vector<Mailbox::Found> found;
  {
    const std::lock_guard lock(mailbox->mutex);
    found.swap(mailbox->found);
  }
  for (const Mailbox::Found& one : found) {
    const auto transfer = transfers.find(one.ticket);
    if (transfer != transfers.end() && !transfer->second->easy) resolved(*transfer->second, one.addresses);
  }
}

void HookSender::Parts::take_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(message->easy_handle, CURLINFO_RETRY_AFTER, &retry_after);
    const CURLcode result = message->data.result;
    const bool mail = transfer->outgoing.url.scheme.starts_with("smtp");
    HookAnswer answer;
    answer.ticket = transfer->outgoing.ticket;
    if (mail) {
      answer.status = result == CURLE_OK ? 200 : 0;
      if (result != CURLE_OK && status >= 400) answer.error = "the mail server said " + std::to_string(status);
    } else {
      // A status is an answer, whatever became of the rest of it.
      answer.status = static_cast<int>(status);
      answer.retry_after = std::clamp<curl_off_t>(retry_after, 0, 366 * 24 * 3600) * windows::kSecond;
    }
    if (answer.status == 0 && answer.error.empty()) {
      answer.error = transfer->refused.empty() ? curl_easy_strerror(result) : transfer->refused;
    }
    finish(answer.ticket, answer);
  }
}

void HookSender::Parts::give_up_resolving() {
  const core::Time now = steady_now();
  std::vector<std::uint64_t> late;
  for (const auto& [ticket, transfer] : transfers) {
    if (!transfer->easy && transfer->deadline <= now) late.push_back(ticket);
  }
  for (const std::uint64_t ticket : late) finish(ticket, {ticket, 0, "the name took too long to resolve", 0});
}

core::Time HookSender::Parts::next_deadline() const {
  core::Time next = INT64_MAX;
  for (const auto& [ticket, transfer] : transfers) {
    if (!transfer->easy) next = std::min(next, transfer->deadline);
  }
  return next;
}

std::vector<HookAnswer> HookSender::wait(core::Duration at_most) {
  if (parts_->answers.empty()) {
    const core::Time deadline = parts_->next_deadline();
    if (deadline != INT64_MAX) at_most = std::clamp<core::Duration>(deadline - steady_now(), 0, at_most);
    int running = 0;
    curl_multi_perform(parts_->multi, &running);
    parts_->take_finished();
    if (parts_->answers.empty()) {
      curl_multi_poll(parts_->multi, nullptr, 0, static_cast<int>(std::min<core::Duration>(at_most, 60'000)), nullptr);
      curl_multi_perform(parts_->multi, &running);
    }
  }
  parts_->take_resolved();
  parts_->take_finished();
  parts_->give_up_resolving();
  return std::exchange(parts_->answers, {});
}

void HookSender::wake() { curl_multi_wakeup(parts_->multi); }

void HookSender::cancel(std::uint64_t ticket) {
  const auto found = parts_->transfers.find(ticket);
  if (found == parts_->transfers.end()) return;
  if (found->second->easy) curl_multi_remove_handle(parts_->multi, found->second->easy.get());
  parts_->transfers.erase(found);
}

std::size_t HookSender::under_way() const { return parts_->transfers.size(); }

}  // namespace server
