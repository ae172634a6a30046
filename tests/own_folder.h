// A folder of a test's own, gone with it, and files in it.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

class OwnFolder {
 public:
  OwnFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ringside-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~OwnFolder() { std::filesystem::remove_all(path_); }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;

  std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }
  void append(std::string_view name, std::string_view text) const {
    std::ofstream file(path(name), std::ios::binary | std::ios::app);
    file << text;
    REQUIRE(file.flush());
  }
  void write(std::string_view name, std::string_view text) const {
    std::ofstream file(path(name), std::ios::binary | std::ios::trunc);
    file << text;
    REQUIRE(file.flush());
  }
  void rename(std::string_view from, std::string_view to) const { std::filesystem::rename(path(from), path(to)); }
  void copy(std::string_view from, std::string_view to) const {
    std::filesystem::copy_file(path(from), path(to), std::filesystem::copy_options::overwrite_existing);
  }

 private:
  std::string path_;
};
