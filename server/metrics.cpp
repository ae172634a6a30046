#include "server/metrics.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "server/json_text.h"

namespace server {

void LatencyHistogram::record_us(std::int64_t us) {
  const double seconds = static_cast<double>(us) / 1e6;
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  ++total_;
  sum_ += seconds;
}

void LatencyHistogram::append(std::string& out, std::string_view name, std::string_view help) const {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" histogram\n");
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    below += counts_[i];
    out.append(name).append("_bucket{le=\"");
    if (i < kBounds.size()) {
      append_number(out, kBounds[i]);
    } else {
      out += "+Inf";
    }
    out += "\"} ";
    append_integer(out, static_cast<std::int64_t>(below));
    out += '\n';
  }
  out.append(name).append("_sum ");
  append_number(out, sum_);
  out.append("\n").append(name).append("_count ");
  append_integer(out, static_cast<std::int64_t>(total_));
  out += '\n';
}

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  text_.append(name).append(" ").append(type).append("\n");
}

void MetricsText::sample(std::string_view labels, double value) {
  text_ += name_;
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
}

void MetricsText::histogram(std::string_view name, std::string_view help, const LatencyHistogram& histogram) {
  histogram.append(text_, name, help);
}

std::string label(std::string_view name, std::string_view value) {
  std::string out(name);
  out += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace server
