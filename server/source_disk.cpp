#include "server/source_disk.h"

#include <set>

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

}  // namespace server
