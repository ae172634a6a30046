// Program: another program, started by a test, that serves until it is told to stop; its output is read line by line.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

class Program {
 public:
  explicit Program(const std::vector<std::string>& command) {
    int out[2], in[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(in, O_CLOEXEC) != 0) return;
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      dup2(out[1], 2);
      std::vector<char*> arguments;
      for (const std::string& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
      arguments.push_back(nullptr);
      execvp(arguments[0], arguments.data());
      _exit(127);
    }
    close(out[1]);
    close(in[0]);
    input_ = in[1];
    output_ = fdopen(out[0], "r");
  }
  ~Program() {
    if (pid_ <= 0) return;
    close(input_);
    kill(pid_, SIGTERM);
    fclose(output_);
    waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string line() {  // empty: it has ended
    char buffer[65'536];
    if (output_ == nullptr || fgets(buffer, sizeof buffer, output_) == nullptr) return {};
    return buffer;
  }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  FILE* output_ = nullptr;
};

inline bool there_is(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null").c_str()) == 0;
}

// What a command prints; empty where it cannot be run.
inline std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4'096];
  for (std::size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  pclose(pipe);
  return out;
}
