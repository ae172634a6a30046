// ringside-generate: writes the benchmark stream (stream.h) to a file or to standard output.
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "tools/generate/stream.h"

namespace {

constexpr std::string_view kUsage =
    R"(usage: ringside-generate [--calls N] [--agents N] [--queues N] [--zipf F] [--span SECONDS] [--seed N]
                         [--start MS] [--out FILE]

Three events a call, 249 bytes each; agents 20000 or 100000 and --zipf 0.9 or 0 are the usual runs.)";

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  return ec == std::errc() && end == text.data() + text.size();
}

}  // namespace

int main(int argc, char** argv) {
  generate::GenerateOptions options;
  std::string file;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    std::int64_t seconds = 0;
    bool good = false;
    if (name == "--calls") good = parse(value, options.calls) && options.calls < UINT32_MAX;
    if (name == "--agents") good = parse(value, options.agents) && options.agents >= 100;
    if (name == "--queues") good = parse(value, options.queues) && options.queues >= 1;
    if (name == "--zipf") good = parse(value, options.zipf) && options.zipf >= 0;
    if (name == "--seed") good = parse(value, options.seed);
    if (name == "--start") good = parse(value, options.start);
    if (name == "--out") good = !(file = value).empty();
    if (name == "--span") {
      good = parse(value, seconds) && seconds > 0;
      options.span = seconds * windows::kSecond;
    }
    if (!good) {
      std::fprintf(stderr, "%s\n", kUsage.data());
      return 2;
    }
  }
  std::FILE* out = file.empty() ? stdout : std::fopen(file.c_str(), "wb");
  if (out == nullptr) {
    std::fprintf(stderr, "ringside-generate: cannot write %s\n", file.c_str());
    return 2;
  }
  const std::string stream = generate::generate_stream(options);
  const bool written = std::fwrite(stream.data(), 1, stream.size(), out) == stream.size();
  return std::fclose(out) == 0 && written ? 0 : 1;
}
