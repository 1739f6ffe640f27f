// Reading how long to wait. Everything in these headers comes from outside: garbage is not said.

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "cochain/providers/http_error.hpp"

namespace cochain {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr double kMillisecondsMax = 31.0 * 24 * 3600 * 1000;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> number_of(std::string_view text) {
  text = trimmed(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<milliseconds> positive(double value) {
  // Written so that NaN fails it.
  if (!(value > 0 && value <= kMillisecondsMax)) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(std::ceil(value)));
}

// Splits a date into words at spaces, commas, colons and hyphens: the three forms differ in little
// else.
std::size_t split(std::string_view text, std::array<std::string_view, 8>& words) {
  std::size_t count = 0;
  while (!text.empty()) {
    const auto first = text.find_first_not_of(" \t,:-");
    if (first == text.npos) break;
    text.remove_prefix(first);
    if (count == words.size()) return count + 1;
    const auto end = std::min(text.find_first_of(" \t,:-"), text.size());
    words[count++] = text.substr(0, end);
    text.remove_prefix(end);
  }
  return count;
}

std::optional<int> whole(std::string_view text, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > max) {
    return std::nullopt;
  }
  return value;
}

std::optional<unsigned> month_of(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 3) return std::nullopt;
  const auto at = kMonths.find(text);
  if (at == kMonths.npos || at % 3 != 0) return std::nullopt;
  return static_cast<unsigned>(at / 3 + 1);
}

}  // namespace

std::optional<system_clock::time_point> parse_http_date(std::string_view text) {
  std::array<std::string_view, 8> words;
  if (text.size() > 64) return std::nullopt;
  const std::size_t count = split(text, words);
  // Sun 06 Nov 1994 08 49 37 GMT | Sunday 06 Nov 94 08 49 37 GMT | Sun Nov  6 08 49 37 1994
  const bool asctime = count == 7;
  if (!asctime && (count != 8 || words[7] != "GMT")) return std::nullopt;
  const auto month = month_of(words[asctime ? 1 : 2]);
  const auto day = whole(words[asctime ? 2 : 1], 31);
  auto year = whole(words[asctime ? 6 : 3], 9999);
  const std::size_t time = asctime ? 3 : 4;
  const auto hour = whole(words[time], 23);
  const auto minute = whole(words[time + 1], 59);
  const auto second = whole(words[time + 2], 60);
  if (!month || !day || !year || !hour || !minute || !second) return std::nullopt;
  // Two digits: no server of ours existed before 1970.
  if (!asctime && words[3].size() == 2) *year += *year < 70 ? 2000 : 1900;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *year < 1970) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

std::optional<milliseconds> parse_retry_after(const HttpHeaders& headers,
                                              system_clock::time_point now) {
  if (const auto exact = headers.get("retry-after-ms")) {
    if (const auto value = number_of(*exact)) {
      if (const auto delay = positive(*value)) return delay;
    }
  }
  const auto told = headers.get("retry-after");
  if (!told) return std::nullopt;
  if (const auto seconds = number_of(*told)) return positive(*seconds * 1000);
  const auto when = parse_http_date(*told);
  if (!when) return std::nullopt;
  // The server's own clock, where it shows it: ours may be wrong by hours.
  const auto date = headers.get("date");
  const auto base = date ? parse_http_date(*date) : std::nullopt;
  const std::chrono::duration<double, std::milli> left = *when - base.value_or(now);
  return positive(left.count());
}

}  // namespace cochain
