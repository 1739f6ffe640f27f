// The event stream decoder: how the network cuts the bytes must change nothing.

#include "cochain/providers/sse.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

using namespace std::string_literals;

struct Seen {
  std::string name;
  std::string data;
  std::string id;
  bool terminated = true;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << "{" << seen.name << "|" << seen.data << "|" << seen.id << (seen.terminated ? "" : "|cut")
       << "}";
}

using Events = std::vector<Seen>;

void drain(SseDecoder& decoder, Events& events) {
  while (const auto event = decoder.next_event()) {
    // The promise behind `data`; a sanitizer sees to it that it holds.
    volatile char last = 0;
    for (std::size_t i = 0; i < kSsePadding; ++i) last = event->data.data()[event->data.size() + i];
    static_cast<void>(last);
    events.push_back({std::string(event->name), std::string(event->data), std::string(event->id),
                      event->terminated});
  }
}

// Feeds pieces in allocations of their own, so that a view kept too long is caught.
Events decode(const std::vector<std::string>& pieces) {
  SseDecoder decoder;
  Events events;
  for (const std::string& piece : pieces) {
    {
      const std::vector<char> own(piece.begin(), piece.end());
      decoder.feed({own.data(), own.size()});
    }
    drain(decoder, events);
  }
  decoder.finish();
  drain(decoder, events);
  return events;
}

Events decode(const std::string& whole) { return decode(std::vector<std::string>{whole}); }

std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  return bytes;
}

const std::string kMixed =
    "\xEF\xBB\xBF: hello\n"
    "data: one\n\n"
    "event: named\r\ndata:two\r\nid: 7\r\n\r\n"
    ":\r:\rdata: a\rdata\rdata:  b\r\r"
    "data: mixed\n\r\ndata: \xE2\x82\xAC euro\r\n\n"
    "retry: 10\nunknown: x\nfield\n\n"
    "event: lost\nid: 8\n\n"
    "data: {\"text\":\"caf\xC3\xA9\"}\n\r"
    "data: [DONE]\n\n"
    "data: tail";

TEST(SseDecoder, GivesTheSameEventsWhereverTheInputIsCut) {
  const Events whole = decode(kMixed);
  const Events expected = {
      {"", "one", "", true},
      {"named", "two", "7", true},
      {"", "a\n\n b", "7", true},
      {"", "mixed", "7", true},
      {"", "\xE2\x82\xAC euro", "7", true},
      {"", "{\"text\":\"caf\xC3\xA9\"}", "8", true},
      {"", "[DONE]", "8", true},
      {"", "tail", "8", false},
  };
  ASSERT_EQ(whole, expected);
  for (std::size_t cut = 0; cut <= kMixed.size(); ++cut) {
    EXPECT_EQ(decode({kMixed.substr(0, cut), kMixed.substr(cut)}), expected) << "cut at " << cut;
    for (std::size_t second = cut; second <= kMixed.size(); ++second) {
      ASSERT_EQ(
          decode({kMixed.substr(0, cut), kMixed.substr(cut, second - cut), kMixed.substr(second)}),
          expected)
          << "cut at " << cut << " and " << second;
    }
  }
  EXPECT_EQ(decode(bytes_of(kMixed)), expected);
}

TEST(SseDecoder, GivesTheSameEventsForRandomStreamsAndRandomCuts) {
  constexpr unsigned kSeed = 20'260'822;
  std::mt19937 random(kSeed);
  const std::vector<std::string> atoms = {"data",
                                          "data:",
                                          "data: ",
                                          "event: e",
                                          "id: 1",
                                          "id:",
                                          ":",
                                          ": ping",
                                          "\n",
                                          "\r",
                                          "\r\n",
                                          "\n\n",
                                          "\n\r\n",
                                          "x",
                                          "{\"a\":1}",
                                          " ",
                                          "\xEF\xBB\xBF",
                                          "retry",
                                          "\r\r",
                                          "abc:def",
                                          std::string("id: \0", 5),
                                          "\xE2\x82\xAC"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t n = random() % 40; n > 0; --n) text += atoms[random() % atoms.size()];
    const Events whole = decode(text);
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 7;
      pieces.push_back(text.substr(at, size));
      at += size;
    }
    ASSERT_EQ(decode(pieces), whole) << "seed " << kSeed << " round " << round;
    ASSERT_EQ(decode(bytes_of(text)), whole) << "seed " << kSeed << " round " << round;
  }
}

TEST(SseDecoder, TakesEveryLineEnd) {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    for (const std::string other : {"\n", "\r", "\r\n"}) {
      // "\r" followed by "\n" is one end of line by the standard, whoever meant what.
      if (end == "\r" && other == "\n") continue;
      const Events events = decode("data: a" + end + other + "data: b" + end + other);
      EXPECT_EQ(events, (Events{{"", "a", "", true}, {"", "b", "", true}}));
    }
  }
}

TEST(SseDecoder, GivesAnEventAtTheCarriageReturnWithoutWaitingForALineFeed) {
  SseDecoder decoder;
  Events events;
  decoder.feed("data: a\r\r");
  drain(decoder, events);
  ASSERT_EQ(events.size(), 1U);
  decoder.feed("\ndata: b\r\n\r\n");
  drain(decoder, events);
  EXPECT_EQ(events, (Events{{"", "a", "", true}, {"", "b", "", true}}));
}

TEST(SseDecoder, SkipsOnlyTheFirstByteOrderMark) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(decode(mark + "data: a\n\n"), (Events{{"", "a", "", true}}));
  EXPECT_EQ(decode({mark.substr(0, 1), mark.substr(1, 1), mark.substr(2) + "data: a\n\n"}),
            (Events{{"", "a", "", true}}));
  // A second one makes the field's name unknown.
  EXPECT_EQ(decode(mark + mark + "data: a\n\n"), Events{});
  EXPECT_EQ(decode("data: a\n\n" + mark + "data: b\n\n"), (Events{{"", "a", "", true}}));
  EXPECT_EQ(decode(mark.substr(0, 2)), Events{});
}

TEST(SseDecoder, RemovesOneSpaceAfterTheColonAndNoMore) {
  EXPECT_EQ(decode("data:a\n\n"), (Events{{"", "a", "", true}}));
  EXPECT_EQ(decode("data: a\n\n"), (Events{{"", "a", "", true}}));
  EXPECT_EQ(decode("data:  a\n\n"), (Events{{"", " a", "", true}}));
  EXPECT_EQ(decode("data:\ta\n\n"), (Events{{"", "\ta", "", true}}));
  EXPECT_EQ(decode(" data: a\n\n"), Events{});
}

// The standard's own example: a data field without a value is data all the same.
TEST(SseDecoder, GivesAnEventForEmptyDataAsTheStandardDoes) {
  EXPECT_EQ(decode("data\n\ndata\ndata\n\ndata:"),
            (Events{{"", "", "", true}, {"", "\n", "", true}, {"", "", "", false}}));
}

TEST(SseDecoder, GivesNoEventForANameOrAnIdAlone) {
  EXPECT_EQ(decode("event: a\n\nid: 1\n\ndata: x\n\n"), (Events{{"", "x", "1", true}}));
}

TEST(SseDecoder, KeepsTheIdUntilAnotherComesAndIgnoresOneWithNul) {
  EXPECT_EQ(decode("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid\ndata: c\n\n"s),
            (Events{{"", "a", "1", true}, {"", "b", "1", true}, {"", "c", "", true}}));
}

TEST(SseDecoder, CountsCommentsAndHoldsNoneOfThem) {
  SseDecoder decoder;
  Events events;
  decoder.feed("data: a\n");
  for (int i = 0; i < 100'000; ++i) {
    decoder.feed(": OPENROUTER PROCESSING\n");
    drain(decoder, events);
  }
  EXPECT_EQ(decoder.comments(), 100'000U);
  EXPECT_LT(decoder.buffered(), 100U);
  decoder.feed("\n");
  drain(decoder, events);
  EXPECT_EQ(events, (Events{{"", "a", "", true}}));
}

TEST(SseDecoder, MarksAnEventThatTheEndOfTheInputCutOff) {
  EXPECT_EQ(decode("data: a\n"), (Events{{"", "a", "", false}}));
  EXPECT_EQ(decode("event: e\ndata: a"), (Events{{"e", "a", "", false}}));
  EXPECT_EQ(decode("data: a\n\n: bye"), (Events{{"", "a", "", true}}));
  EXPECT_EQ(decode(""), Events{});
}

TEST(SseDecoder, GivesUpOnALineOverItsLimitHoweverItIsFed) {
  for (const std::size_t step : {1U, 7U, 64U, 4096U}) {
    SseDecoder decoder(SseLimits().line_bytes(1000));
    Events events;
    const std::string line = "data: " + std::string(995, 'x') + "\n\n";
    EXPECT_THROW(
        {
          for (std::size_t at = 0; at < line.size(); at += step) {
            decoder.feed(std::string_view(line).substr(at, step));
            drain(decoder, events);
          }
        },
        LimitError);
    EXPECT_EQ(decoder.buffered(), 0U);
    decoder.feed("data: a\n\n");
    decoder.finish();
    drain(decoder, events);
    EXPECT_EQ(events, Events{});
  }
}

TEST(SseDecoder, TakesALineOfExactlyItsLimit) {
  SseDecoder decoder(SseLimits().line_bytes(1000));
  Events events;
  decoder.feed("data: " + std::string(994, 'x') + "\n\n");
  drain(decoder, events);
  EXPECT_EQ(events.size(), 1U);
}

TEST(SseDecoder, GivesUpOnAnEventOfManyLinesOverItsLimit) {
  SseDecoder decoder(SseLimits().event_bytes(1000));
  Events events;
  const auto feed_all = [&] {
    for (int i = 0; i < 200; ++i) {
      decoder.feed("data: 0123456789\n");
      drain(decoder, events);
    }
  };
  EXPECT_THROW(feed_all(), LimitError);
}

// Twice the input may cost about twice the time, in whatever pieces it comes. With a search from
// the start at each piece, 4 MiB in pieces of 16 bytes would take minutes.
TEST(SseDecoder, TakesLinearTimeForAGiantLineInSmallPieces) {
  const std::string piece(16, 'x');
  const auto begin = std::chrono::steady_clock::now();
  SseDecoder decoder;
  Events events;
  decoder.feed("data: ");
  for (int i = 0; i < 262'144; ++i) {
    decoder.feed(piece);
    drain(decoder, events);
  }
  decoder.feed("\n\n");
  drain(decoder, events);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].data.size(), 4'194'304U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(SseDecoder, TakesLinearTimeForManyShortLinesOfEitherKindInOnePiece) {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    std::string text;
    for (int i = 0; i < 300'000; ++i) text += "data:x" + end + (i % 3 == 0 ? end : "");
    const auto begin = std::chrono::steady_clock::now();
    SseDecoder decoder;
    decoder.feed(text);
    std::size_t events = 0;
    while (decoder.next_event()) ++events;
    EXPECT_EQ(events, 100'000U);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  }
}

TEST(SseDecoder, AllocatesNothingPerEventOnceItRuns) {
  SseDecoder decoder;
  const char* place = nullptr;
  for (int i = 0; i < 1000; ++i) {
    decoder.feed("data: {\"choices\":[{\"delta\":{\"content\":\"hello\"}}]}\n\n");
    const auto event = decoder.next_event();
    ASSERT_TRUE(event);
    if (place == nullptr) place = event->data.data();
    ASSERT_EQ(event->data.data(), place);  // the same buffer, from its start again
    ASSERT_FALSE(decoder.next_event());
  }
}

}  // namespace
}  // namespace cochain
