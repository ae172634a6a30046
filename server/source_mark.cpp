#include "server/source_mark.h"

#include <sstream>

namespace server {

std::uint64_t stored_hash(std::string_view bytes) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
  return hash;
}

std::string text_of(const SourceMark& mark) {
  std::string text = "ringside source 1\nformat " + mark.format + "\nsequence " + std::to_string(mark.sequence) +
                     "\nfile " + mark.file + "\nplace " + mark.place + "\n" + mark.calls + "memory\n" + mark.memory;
  return std::to_string(stored_hash(text)) + "\n" + text;
}

core::Result<SourceMark> source_mark(std::string_view text) {
  const auto bad = [](std::string_view what) { return core::Error{"bad_mark", std::string(what), ""}; };
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return bad("it is cut off");
  const std::string_view rest = text.substr(end + 1);
  if (text.substr(0, end) != std::to_string(stored_hash(rest))) return bad("it is damaged");
  const std::size_t memory = rest.find("\nmemory\n");
  if (memory == std::string_view::npos) return bad("it has no memory");
  SourceMark mark;
  mark.memory = rest.substr(memory + 8);
  std::istringstream lines{std::string(rest.substr(0, memory))};
  bool known = false;
  for (std::string line; std::getline(lines, line);) {
    known = known || line == "ringside source 1";
    if (line.starts_with("format ")) mark.format = line.substr(7);
    if (line.starts_with("sequence ")) std::istringstream(line.substr(9)) >> mark.sequence;
    if (line.starts_with("file ")) mark.file = line.substr(5);
    if (line.starts_with("place ")) mark.place = line.substr(6);
    if (line.starts_with("call ")) mark.calls += line + "\n";
  }
  if (!known) return bad("it is of another version");
  return mark;
}

}  // namespace server
