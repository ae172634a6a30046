// What was told of alerts, over all crashes: whenever a change of the same number or a notice of the same id is told
// again, it must be the same one.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/shard_loop.h"

class ToldBefore {
 public:
  // For each thing told: what happened ("alert told again"), and what is wrong with it, if anything.
  std::vector<std::pair<std::string, std::string>> add(const server::Told& told) {
    std::vector<std::pair<std::string, std::string>> paths;
    for (const core::AlertChange& change : told.changes) {
      paths.push_back(look(changes_, change.number, said(change.alert), "alert told", "alert told again"));
    }
    for (const core::Notice& notice : told.notices) {
      std::string what = notice.receiver + " " + notice.order;
      for (const core::Alert& alert : notice.alerts) what += " " + said(alert);
      paths.push_back(look(notices_, notice.id, what, "notice made", "notice made again"));
    }
    return paths;
  }

 private:
  static std::string said(const core::Alert& alert) {
    return alert.key + " " + std::string(core::name(alert.step)) + " " + std::to_string(alert.version) + " " +
           std::to_string(alert.episode) + " " + std::to_string(alert.noticed) + " " + std::to_string(alert.started);
  }
  template <class Key>
  static std::pair<std::string, std::string> look(std::map<Key, std::string>& known, const Key& key,
                                                  const std::string& what, const char* first, const char* again) {
    const auto [it, fresh] = known.try_emplace(key, what);
    if (fresh) return {first, ""};
    if (it->second == what) return {again, ""};
    return {again, "told otherwise before a crash: " + it->second + ", now " + what};
  }

  std::map<std::uint64_t, std::string> changes_;  // by number
  std::map<std::string, std::string> notices_;    // by id
};
