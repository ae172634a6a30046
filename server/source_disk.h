// SourceDisk: the thread that writes what sources leave beside the journal: how far each was read, and what could not
// be understood. Jobs are done one after the other, in the order they were given, so what was given first is there
// first. Without a data folder nothing is written and everything is done at once.
//
// What is written here is never ahead of the journal: a mark is given only once the events it stands for are synced.
// So a crash in between only means that some bytes are read twice, and their events are recognised by their ids.
// A disk that fails is told once. All but `read` are called on the I/O thread and do not wait; answers come there.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/config.h"
#include "server/seams.h"
#include "server/worker.h"

namespace server {

class SourceDisk {
 public:
  using Post = std::function<void(std::function<void()>)>;  // runs it on the I/O thread
  using Failed = std::function<void(const core::Error&)>;

  SourceDisk(const Storage& storage, const Seams& seams, Post post, Failed failed);
  ~SourceDisk();

  bool keeps() const { return disk_ != nullptr; }
  // "<data>/<tenant>/<part>"
  std::string folder(const std::string& tenant, const std::string& part) const;

  // Old content or new, never half. `newest_only`: of several for the same path only the last matters.
  void write(const std::string& folder, const std::string& name, std::string content, bool newest_only);
  void remove(const std::string& folder, const std::string& name);
  // After everything given so far is there for good.
  void after(std::function<void()> done);
  // Names and contents of a folder's files; nothing if it is not there. At start, waits for the disk.
  core::Result<std::vector<std::pair<std::string, std::string>>> read(const std::string& folder) const;
  void stop();  // what was given is still done

 private:
  struct Job {
    std::string folder, name, content;
    bool newest_only = false;
    bool remove = false;
    std::function<void()> done;
  };
  void work(std::vector<Job>& jobs);
  core::Status perform(const Job& job);

  std::string data_;
  std::shared_ptr<state::Disk> disk_;
  Post post_;
  Failed on_failure_;
  bool failed_ = false;  // of the thread
  Worker<Job> worker_;
};

}  // namespace server
