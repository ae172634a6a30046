#include "server/source_disk.h"

#include <set>
#include <sstream>

namespace server {

SourceDisk::SourceDisk(const Storage& storage, const Seams& seams, Post post, Failed failed)
    : post_(std::move(post)),
      on_failure_(std::move(failed)),
      worker_([this](std::vector<Job>& jobs) { work(jobs); }) {
  if (!storage.keeps()) return;
  data_ = *storage.folder;
  disk_ = seams.disk ? seams.disk : state::Disk::real();
  worker_.start();
}

SourceDisk::~SourceDisk() { stop(); }

void SourceDisk::stop() { worker_.stop(); }

std::string SourceDisk::folder(const std::string& tenant, const std::string& part) const {
  return data_ + "/" + tenant + "/" + part;
}

void SourceDisk::write(const std::string& folder, const std::string& name, std::string content, bool newest_only) {
  if (keeps()) worker_.put({folder, name, std::move(content), newest_only, false, {}});
}

void SourceDisk::remove(const std::string& folder, const std::string& name) {
  if (keeps()) worker_.put({folder, name, {}, false, true, {}});
}

void SourceDisk::after(std::function<void()> done) {
  if (!keeps()) return done();
  worker_.put({{}, {}, {}, false, false, std::move(done)});
}

core::Result<std::vector<std::pair<std::string, std::string>>> SourceDisk::read(const std::string& folder) const {
  std::vector<std::pair<std::string, std::string>> files;
  if (!keeps()) return files;
  const auto names = disk_->list(folder);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    auto content = disk_->read(folder + "/" + name);
    if (!content) return content.error();
    files.emplace_back(name, std::move(*content));
  }
  return files;
}

core::Status SourceDisk::perform(const Job& job) {
  const std::string path = job.folder + "/" + job.name;
  if (job.remove) return disk_->remove_tree(path);
  const core::Status made = disk_->make_folder(job.folder);
  return made ? disk_->replace(path, job.content) : made;
}

void SourceDisk::work(std::vector<Job>& jobs) {
  std::set<std::string> newer;
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    if (job->newest_only && !newer.insert(job->folder + "/" + job->name).second) job->folder.clear();
  }
  for (Job& job : jobs) {
    if (failed_) return;
    if (!job.folder.empty()) {
      const core::Status done = perform(job);
      if (!done) {
        failed_ = true;
        post_([this, error = done.error()] { on_failure_(error); });
        return;
      }
    }
    if (job.done) post_(std::move(job.done));
  }
}

// ---- marks --------------------------------------------------------------------------------------------------

std::uint64_t stored_hash(std::string_view bytes) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
  return hash;
}

std::string text_of(const SourceMark& mark) {
  std::string text = "ringside source 1\nformat " + mark.format + "\nsequence " + std::to_string(mark.sequence) +
                     "\nplace " + mark.place + "\n" + mark.calls + "memory\n" + mark.memory;
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
    if (line.starts_with("place ")) mark.place = line.substr(6);
    if (line.starts_with("call ")) mark.calls += line + "\n";
  }
  if (!known) return bad("it is of another version");
  return mark;
}

}  // namespace server
