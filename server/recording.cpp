#include "server/recording.h"

#include <algorithm>
#include <map>

#include "ingest/body.h"
#include "ingest/json_events.h"
#include "ingest/mapped_text.h"
#include "server/check_config.h"
#include "server/tenant.h"

namespace server {
namespace {

constexpr std::size_t kPiece = 4u << 20;  // of text, parsed into one batch

bool earlier(const Recording::Item& a, const Recording::Item& b) { return a.time < b.time; }

}  // namespace

core::Result<Recording> Recording::load(const std::string& path, const std::string& mapping, const Limits& limits,
                                        core::Time now) {
  auto text = read_file(path);
  if (!text) return text.error();
  Recording recording;
  recording.text_ = std::make_unique<const std::string>(std::move(*text));
  const core::Status read = mapping.empty() ? recording.read_events(limits, now) : recording.read_mapped(mapping, now);
  if (!read) return read.error();
  if (recording.items_.empty()) return core::Error{"nothing_to_play", path + ": " + recording.summary(), ""};
  recording.first_ = std::min_element(recording.items_.begin(), recording.items_.end(), earlier)->time;
  return recording;
}

void Recording::put_in_order() { std::stable_sort(items_.begin(), items_.end(), earlier); }

core::Status Recording::read_events(const Limits& limits, core::Time now) {
  ingest::JsonEvents parser;
  ingest::SourceOptions options;
  options.source = "replay";
  options.max_ahead = limits.max_ahead;
  options.accept_from = limits.accept_from;
  const std::string_view text = *text_;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.size();
    if (end - begin > kPiece) end = text.find('\n', begin + kPiece);
    end = end == std::string_view::npos ? text.size() : std::min(end + 1, text.size());
    ingest::Batch batch;
    ingest::read_ndjson(parser, text.substr(begin, end - begin), options, now, batch);
    const std::size_t first_line = lines_.size();
    for (std::size_t at = begin; at < end;) {
      const std::size_t stop = std::min(text.find('\n', at), end);
      lines_.push_back(text.substr(at, stop - at));
      at = stop + 1;
    }
    for (std::uint32_t& item : batch.items) item += static_cast<std::uint32_t>(first_line);
    add(std::move(batch));
    begin = end;
  }
  return core::Done{};
}

core::Status Recording::read_mapped(const std::string& mapping, core::Time now) {
  const auto toml = read_file(mapping);
  if (!toml) return toml.error();
  const auto parsed = ingest::Mapping::parse(*toml);
  if (!parsed) {
    core::Error error = parsed.error();
    error.where = mapping + ":" + error.where;
    return error;
  }
  ingest::MappedText reader(*parsed);
  ingest::Batch batch;
  const std::string_view text = *text_;
  reader.read(text, now, batch);
  // Its views may point into the mapping, which does not outlive this call.
  for (core::Event& event : batch.events) {
    for (std::string_view* view :
         {&event.source, &event.id, &event.subject, &event.agent, &event.queue, &event.team, &event.site,
          &event.channel, &event.priority, &event.text, &event.reason, &event.by, &event.customer}) {
      const bool inside = view->data() >= text.data() && view->data() < text.data() + text.size();
      if (!view->empty() && !inside) *view = batch.arena.keep(*view);
    }
  }
  add(std::move(batch));
  return core::Done{};
}

void Recording::add(ingest::Batch batch) {
  const auto index = static_cast<std::uint32_t>(batches_.size());
  for (std::uint32_t i = 0; i < batch.events.size();) {
    Item item;
    item.batch = index;
    item.begin = i;
    item.line = batch.items[i];
    item.time = batch.events[i].time;
    for (; i < batch.events.size() && batch.items[i] == item.line; ++i) {
      item.time = std::max(item.time, batch.events[i].time);
    }
    item.end = i;
    items_.push_back(item);
  }
  batches_.push_back(std::move(batch));
}

ingest::Batch Recording::part(std::size_t begin, std::size_t end, core::Duration shift,
                              const TenantConfig& tenant) const {
  ingest::Batch part;
  for (std::size_t i = begin; i < end; ++i) {
    const Item& item = items_[i];
    for (std::uint32_t j = item.begin; j < item.end; ++j) {
      core::Event event = batches_[item.batch].events[j];
      event.time += shift;
      event.at += shift;
      const auto authority = tenant.authority.find(event.source);
      event.authority = authority == tenant.authority.end() ? kLiveAuthority : authority->second;
      part.events.push_back(event);
      part.items.push_back(static_cast<std::uint32_t>(i - begin));
    }
  }
  return part;
}

std::string Recording::summary() const {
  std::size_t refused = 0;
  std::size_t clamped = 0;
  std::map<std::string, std::uint64_t> reasons;
  for (const ingest::Batch& batch : batches_) {
    refused += batch.refused;
    clamped += batch.clamped;
    for (const auto& [code, count] : batch.refused_by_code) reasons[code] += count;
    for (const auto& [name, count] : batch.filtered) reasons["left out by '" + name + "'"] += count;
  }
  std::string out = std::to_string(items_.size()) + " items";
  if (refused > 0) out += ", " + std::to_string(refused) + " refused";
  if (clamped > 0) out += ", " + std::to_string(clamped) + " negative durations taken as 0";
  for (const auto& [reason, count] : reasons) out += "; " + reason + " " + std::to_string(count);
  return out;
}

}  // namespace server
