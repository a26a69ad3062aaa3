#include "json_fields.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "cradle/base/text.h"

namespace cradle::inference {

namespace {

using Json = nlohmann::ordered_json;

constexpr int deepest = 32;

std::string line_of(std::string_view text, std::size_t byte) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size()));
  return std::to_string(1 + std::count(text.begin(), end, '\n'));
}

}  // namespace

Result<std::shared_ptr<JsonDocument>> parse_json(std::string_view text, const std::string& source, bool or_list) {
  std::vector<std::set<std::string>> keys;
  std::string twice;
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > deepest) too_deep = true;
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.empty()) {
      const auto key = value.get<std::string>();
      if (!keys.back().insert(key).second && twice.empty()) twice = key;
    }
    return !too_deep;
  };
  auto document = std::make_shared<JsonDocument>();
  document->source = source;
  try {
    document->root = Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::parse_error& error) {
    return bad_input("this is no JSON", source + ":" + line_of(text, error.byte),
                     "check quotes, commas and brackets there; the file must be UTF-8");
  } catch (const Json::exception&) {
    return bad_input("this is no JSON that can be held: a number is out of range", source, "check its numbers");
  }
  if (too_deep)
    return bad_input("objects and lists nest deeper than " + std::to_string(deepest), source,
                     "this is no file of that kind");
  if (!twice.empty())
    return bad_input("an object has the key '" + twice + "' twice", source, "keep the one that is meant");
  if (!document->root.is_object() && !(or_list && document->root.is_array()))
    return bad_input("the file holds no JSON object", source, "it starts with { and a name");
  return document;
}

Fields Fields::of(const std::shared_ptr<JsonDocument>& document) { return {document, &document->root, ""}; }

std::string Fields::where(std::string_view key) const {
  std::string path = path_;
  if (!path.empty() && !key.empty()) path += '.';
  path += key;
  return document_->source + (path.empty() ? "" : ": " + path);
}

void Fields::fail(std::string_view key, std::string message, std::string hint) {
  if (!document_->error) document_->error = bad_input(std::move(message), where(key), std::move(hint));
}

const Json* Fields::find(std::string_view key) const {
  if (!object_) return nullptr;
  const auto at = object_->find(std::string(key));
  return at == object_->end() || at->is_null() ? nullptr : &*at;
}

const Json* Fields::need(std::string_view key, const char* kind) {
  const Json* value = find(key);
  // What lacks because the object around it lacks has been told.
  if (!value && object_) fail(key, "this field is missing", std::string("add ") + kind);
  return value;
}

std::string Fields::text(std::string_view key, const std::optional<std::string>& fallback) {
  const Json* value = fallback ? find(key) : need(key, "a text");
  if (!value) return fallback.value_or("");
  if (!value->is_string()) {
    fail(key, "this is no text", "write it in quotes");
    return fallback.value_or("");
  }
  return value->get<std::string>();
}

double Fields::number(std::string_view key, Range range, std::optional<double> fallback) {
  const Json* value = fallback ? find(key) : need(key, "a number");
  if (!value) return fallback.value_or(range.high);
  const double number = value->is_number() ? value->get<double>() : std::nan("");
  if (number >= range.low && number <= range.high) return number;
  fail(key, value->is_number() ? shortest(number) + " is out of range" : std::string("this is no number"),
       "give a number from " + shortest(range.low) + " to " + shortest(range.high));
  return fallback.value_or(range.high);
}

std::int64_t Fields::whole(std::string_view key, std::int64_t low, std::int64_t high,
                           std::optional<std::int64_t> fallback) {
  const std::optional<double> absent =
      fallback ? std::optional<double>(static_cast<double>(*fallback)) : std::optional<double>();
  const double number = this->number(key, {static_cast<double>(low), static_cast<double>(high)}, absent);
  if (number != std::floor(number)) {
    fail(key, shortest(number) + " is no whole number",
         "give a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return low;
  }
  return static_cast<std::int64_t>(number);
}

bool Fields::flag(std::string_view key, bool fallback) {
  const Json* value = find(key);
  if (!value) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  fail(key, "this is neither true nor false", "write true or false without quotes");
  return fallback;
}

Fields Fields::object(std::string_view key, bool mandatory) {
  const Json* value = mandatory ? need(key, "an object") : find(key);
  if (value && !value->is_object()) {
    fail(key, "this is no object", "write it in braces");
    value = nullptr;
  }
  return {document_, value, (path_.empty() ? "" : path_ + ".") + std::string(key)};
}

std::vector<Fields> Fields::objects(std::string_view key) {
  std::vector<Fields> list;
  const Json* value = need(key, "a list");
  if (!value) return list;
  if (!value->is_array()) {
    fail(key, "this is no list", "write it in brackets");
    return list;
  }
  for (std::size_t i = 0; i < value->size(); ++i) {
    const std::string path = (path_.empty() ? "" : path_ + ".") + std::string(key) + "[" + std::to_string(i) + "]";
    Fields item{document_, &(*value)[i], path};
    if (!(*value)[i].is_object()) {
      item.fail("", "this is no object", "write it in braces");
      continue;
    }
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace cradle::inference
