#include "cradle/base/result.h"

namespace cradle {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::failed: return 1;
    case ErrorCode::bad_input: return 2;
    case ErrorCode::missing_data: return 3;
    case ErrorCode::budget_exceeded: return 4;
  }
  return 1;
}

std::string to_string(const Error& error) {
  std::string text;
  if (!error.where.empty()) text = error.where + ": ";
  text += error.message;
  if (!error.hint.empty()) text += "\n  hint: " + error.hint;
  return text;
}

}  // namespace cradle
