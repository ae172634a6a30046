// Result<T>: a value, or an Error that says what is wrong with somebody's input and where.
// Errors are for input and configuration; our own bugs are CHECKs. Value type, any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "windows/check.h"

namespace core {

// `code` is a stable snake_case word (documented in docs/events.md and docs/configuration.md, counted in
// /metrics); `where` is a JSON pointer, "line:column" or a configuration key, empty when the whole is meant.
struct Error {
  std::string code;
  std::string message;
  std::string where;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  const T& operator*() const { return value(); }
  T& operator*() { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  const T& value() const {
    CHECK(state_.index() == 0, "value of a failed Result");
    return *std::get_if<0>(&state_);
  }
  T& value() {
    CHECK(state_.index() == 0, "value of a failed Result");
    return *std::get_if<0>(&state_);
  }
  const Error& error() const {
    CHECK(state_.index() == 1, "error of a successful Result");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value.
struct Done {};
using Status = Result<Done>;

}  // namespace core
