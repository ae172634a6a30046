#include "state/database.h"

#include <cstdarg>

#include <rocksdb/env.h>

namespace state {
namespace {

// RocksDB's own log names every file it touches and nobody reads it; what matters reaches us as a Status.
class NoLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, std::va_list) override {}
};

}  // namespace

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers on disk are little endian");

rocksdb::Options durable_options(const Disk& disk) {
  rocksdb::Options options;
  options.env = disk.env();
  options.info_log = std::make_shared<NoLog>();
  // The default, kPointInTimeRecovery, opens a log with a flipped bit in the middle and drops what follows.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.recycle_log_file_num = 0;
  options.manual_wal_flush = false;
  options.paranoid_checks = true;
  options.paranoid_file_checks = true;  // a table is read back before the log it came from goes
  options.avoid_flush_during_recovery = false;  // what was recovered is synced before anything is promised on it
  options.max_bgerror_resume_count = 0;  // an error is final: we stop, and find out on the next start
  options.max_background_jobs = 2;
  options.max_open_files = 256;  // years of journal are thousands of files, and a process may have 1,024 open
  options.max_file_opening_threads = 2;
  options.bytes_per_sync = 1 << 20;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  return options;
}

std::string next_steps(const std::string& folder) {
  return "Next: 'ringside verify " + folder + "' says what is whole; 'ringside restore BACKUP " + folder +
         "' puts a backup in its place.";
}

core::Error database_error(const rocksdb::Status& status, const std::string& folder, const char* damaged) {
  const std::string text = status.ToString();
  if (text.find("LOCK") != std::string::npos || text.find("lock hold") != std::string::npos) {
    return {"in_use", "another process has it open; only one may (" + text + ")", folder};
  }
  // A file that the manifest names and that is gone is an I/O error to RocksDB, but damage to us.
  const bool missing = text.find("No such file") != std::string::npos;
  if (status.IsIOError() && !missing && !status.IsPathNotFound()) return {"disk_error", text, folder};
  return {damaged, text, folder};
}

}  // namespace state
