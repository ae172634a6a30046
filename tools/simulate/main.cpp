// ringside-simulate: a simulated support organisation as a source of events. See usage() below.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tools/simulate/options.h"
#include "tools/simulate/poster.h"
#include "tools/simulate/world.h"

namespace {

using simulate::Duration;
using simulate::Options;
using simulate::Poster;
using simulate::Time;
using simulate::World;

constexpr Duration kBatchEvery = 100;
constexpr std::size_t kBatchBytes = 512 * 1024;

volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }

Time wall_clock() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Where the lines go: standard output, a file, or a server.
class Outlet {
 public:
  explicit Outlet(const Options& options) {
    if (options.post) poster_.emplace(*options.post, stop_asked);
    if (!options.file.empty()) file_ = std::fopen(options.file.c_str(), "wb");
    if (file_ == nullptr) std::fprintf(stderr, "ringside-simulate: cannot write %s\n",
                                       options.file.c_str());
  }
  ~Outlet() {
    if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  }
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  bool usable() const { return file_ != nullptr; }
  const Poster* poster() const { return poster_ ? &*poster_ : nullptr; }

  // false: stop, there is no use in going on.
  bool write(const std::string& lines) {
    if (lines.empty()) return true;
    if (!poster_) {
      return std::fwrite(lines.data(), 1, lines.size(), file_) == lines.size() &&
             std::fflush(file_) == 0;
    }
    for (std::size_t from = 0; from < lines.size();) {
      std::size_t end = lines.size();
      if (end - from > kBatchBytes) end = lines.rfind('\n', from + kBatchBytes) + 1;
      if (const auto sent = poster_->send(lines.substr(from, end - from)); !sent) {
        if (stop_asked == 0) {
          std::fprintf(stderr, "ringside-simulate: the server answered %s: %s\n",
                       sent.error().where.c_str(), sent.error().message.c_str());
        }
        return false;
      }
      from = end;
    }
    return true;
  }

 private:
  std::optional<Poster> poster_;
  std::FILE* file_ = stdout;
};

class Progress {
 public:
  explicit Progress(bool quiet) : quiet_(quiet) {}

  void report(Time simulated, std::uint64_t lines, const World& world, const Poster* poster,
              bool now = false) {
    if (poster != nullptr && poster->counts().refused > refused_) {
      refused_ = poster->counts().refused;
      std::fprintf(stderr, "ringside-simulate: refused: %.400s\n", poster->last_refusal().c_str());
    }
    if (quiet_ || (!now && wall_clock() < next_)) return;
    next_ = wall_clock() + 10 * windows::kSecond;
    const auto& calls = world.calls();
    std::fprintf(stderr,
                 "%s  %llu events, %llu contacts: %llu answered, %llu abandoned, %llu left; "
                 "%llu refused\n",
                 simulate::rfc3339(simulated).c_str(), static_cast<unsigned long long>(lines),
                 static_cast<unsigned long long>(calls.arrived),
                 static_cast<unsigned long long>(calls.answered),
                 static_cast<unsigned long long>(calls.abandoned),
                 static_cast<unsigned long long>(calls.left),
                 static_cast<unsigned long long>(refused_));
  }

 private:
  bool quiet_;
  Time next_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto parsed = simulate::parse_options({argv + 1, argv + argc}, wall_clock());
  if (!parsed) {
    const bool help = parsed.error().code == "help";
    std::fprintf(help ? stdout : stderr, "%s\n", parsed.error().message.c_str());
    return help ? 0 : 2;
  }
  const Options& options = *parsed;
  Outlet outlet(options);
  if (!outlet.usable()) return 2;
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);

  World world(options.world);
  Progress progress(options.quiet);
  const Time live_from = options.world.start + options.warm;
  const Time end = options.duration > 0 ? live_from + options.duration : 0;
  const Time wall_start = wall_clock();
  std::uint64_t count = 0;
  std::string lines;
  Time simulated = live_from;  // the past goes out at once
  while (stop_asked == 0) {
    lines.clear();
    count += world.advance(simulated, lines);
    const bool last = end > 0 && simulated >= end;
    if (last) count += world.drain(lines);
    if (!outlet.write(lines)) return 1;
    progress.report(simulated, count, world, outlet.poster(), last);
    if (last) break;
    if (options.speed > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kBatchEvery));
      const auto passed = static_cast<double>(wall_clock() - wall_start);
      simulated = std::max(simulated, live_from + static_cast<Time>(passed * options.speed));
    } else {
      simulated += windows::kMinute;
    }
    if (end > 0) simulated = std::min(simulated, end);
  }
  world.check();
  return 0;
}
