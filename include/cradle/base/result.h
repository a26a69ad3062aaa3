// How every room says that something may fail: Result<T>, and an Error that always tells what to do next.
//
// The shape is that of std::expected (C++23), so that it can follow once the compilers we support have it.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace cradle {

enum class ErrorCode {
  failed,           ///< something outside the input went wrong (disk, network)
  bad_input,        ///< the input cannot be used as it is
  missing_data,     ///< a file, record or series that is needed is absent
  budget_exceeded,  ///< a declared limit would be passed
};

/// The process exit code for an error: 1 failed, 2 usage or bad input, 3 data missing, 4 budget exceeded.
int exit_code(ErrorCode code);

/// What went wrong, where (file:line, key, or row) and what the reader can do about it. The hint is mandatory.
struct Error {
  ErrorCode code;
  std::string message;
  std::string where;
  std::string hint;
};

/// "where: message" and, on its own line, the hint; no trailing newline.
std::string to_string(const Error& error);

inline Error bad_input(std::string message, std::string where, std::string hint) {
  return {ErrorCode::bad_input, std::move(message), std::move(where), std::move(hint)};
}
inline Error missing_data(std::string message, std::string where, std::string hint) {
  return {ErrorCode::missing_data, std::move(message), std::move(where), std::move(hint)};
}
inline Error failure(std::string message, std::string where, std::string hint) {
  return {ErrorCode::failed, std::move(message), std::move(where), std::move(hint)};
}

/// A value of T or an Error. Reading the one that is absent is a programming mistake and asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & { return *std::get_if<0>(checked(0)); }
  const T& value() const& { return *std::get_if<0>(checked(0)); }
  T&& value() && { return std::move(*std::get_if<0>(checked(0))); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return *std::get_if<1>(checked(1)); }
  Error&& error() && { return std::move(*std::get_if<1>(checked(1))); }

 private:
  std::variant<T, Error>* checked([[maybe_unused]] std::size_t index) {
    assert(state_.index() == index);
    return &state_;
  }
  const std::variant<T, Error>* checked([[maybe_unused]] std::size_t index) const {
    assert(state_.index() == index);
    return &state_;
  }
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error: `return {};` is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  const Error& error() const& {
    assert(error_.has_value());
    return *error_;
  }
  Error&& error() && {
    assert(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace cradle
