// StreamReader, fed by hand: what each read takes and leaves, limits, ends, failures, cancellation.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;

/// A reader that has all of `data` and then ends.
StreamReader ended(std::string_view data, std::size_t limit = kStreamLimit) {
  StreamReader reader(limit);
  reader.feed_data(data);
  reader.feed_eof();
  return reader;
}

Coro<> feed_slowly(StreamReader reader, std::string data, std::size_t piece) {
  for (std::size_t at = 0; at < data.size(); at += piece) {
    co_await sleep(1ms);
    reader.feed_data(std::string_view(data).substr(at, piece));
  }
  co_await sleep(1ms);
  reader.feed_eof();
}

/// What `error` says a stream ended with.
std::string partial_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const IncompleteReadError& incomplete) {
    return incomplete.partial();
  } catch (...) {
  }
  return "(no IncompleteReadError)";
}

std::size_t consumed_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const LimitOverrunError& overrun) {
    return overrun.consumed();
  } catch (...) {
  }
  return std::size_t(-1);
}

ASYNC_TEST(StreamReader, GivesWhatThereIsButNotMoreThanAskedFor) {
  const StreamReader reader = ended("hello world");
  const std::string first = co_await reader.read(5);
  const std::string rest = co_await reader.read(100);
  const std::string end = co_await reader.read(100);
  EXPECT_EQ(first, "hello");
  EXPECT_EQ(rest, " world");
  EXPECT_EQ(end, "");
  EXPECT_TRUE(reader.at_eof());
}

ASYNC_TEST(StreamReader, OfNoBytesAsksNobody) {
  const StreamReader reader;
  const std::string nothing = co_await reader.read(0);
  EXPECT_EQ(nothing, "");
  const std::string exactly_nothing = co_await reader.readexactly(0);
  EXPECT_EQ(exactly_nothing, "");
  EXPECT_FALSE(reader.at_eof());
}

ASYNC_TEST(StreamReader, ReadsToTheEnd) {
  const StreamReader reader;
  const Task<> feeding = create_task(feed_slowly(reader, std::string(1000, 'x') + "!", 7));
  const std::string all = co_await reader.read();
  EXPECT_EQ(all, std::string(1000, 'x') + "!");
  co_await feeding;
}

ASYNC_TEST(StreamReader, IsAtItsEndOnlyWhenEverythingWasRead) {
  const StreamReader reader = ended("x");
  EXPECT_FALSE(reader.at_eof());
  co_await reader.read(1);
  EXPECT_TRUE(reader.at_eof());
}

ASYNC_TEST(StreamReader, ReadsExactlyAsMuchAsAskedFor) {
  const StreamReader reader;
  const Task<> feeding = create_task(feed_slowly(reader, "abcdefghij", 3));
  const std::string five = co_await reader.readexactly(5);
  const std::string four = co_await reader.readexactly(4);
  EXPECT_EQ(five, "abcde");
  EXPECT_EQ(four, "fghi");
  const std::exception_ptr error = co_await error_of(reader.readexactly(3));
  EXPECT_EQ(partial_of(error), "j");
  EXPECT_EQ(describe(error), "the stream ended after 1 of 3 expected bytes");
  co_await feeding;
}

ASYNC_TEST(StreamReader, ReadsExactlyMoreThanItsLimit) {
  const StreamReader reader(10);
  const Task<> feeding = create_task(feed_slowly(reader, std::string(500, 'x'), 50));
  const std::string all = co_await reader.readexactly(500);
  EXPECT_EQ(all.size(), 500U);
  co_await feeding;
}

ASYNC_TEST(StreamReader, GivesLinesWithTheirEndsAndTheLastWithoutOne) {
  const StreamReader reader = ended("one\n\nthree");
  const std::string one = co_await reader.readline();
  const std::string two = co_await reader.readline();
  const std::string three = co_await reader.readline();
  const std::string end = co_await reader.readline();
  EXPECT_EQ(one, "one\n");
  EXPECT_EQ(two, "\n");
  EXPECT_EQ(three, "three");
  EXPECT_EQ(end, "");
}

ASYNC_TEST(StreamReader, IteratesOverLines) {
  const StreamReader reader;
  const Task<> feeding = create_task(feed_slowly(reader, "a\nbc\nd", 1));
  Log lines;
  Stream<std::string> stream = reader.lines();
  while (auto line = co_await stream.next()) lines.push_back(*line);
  EXPECT_EQ(lines, (Log{"a\n", "bc\n", "d"}));
  co_await feeding;
}

ASYNC_TEST(StreamReader, FindsASeparatorThatIsCutAnywhere) {
  const std::string text = "head--boundary--tail";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SCOPED_TRACE(cut);
    const StreamReader reader;
    reader.feed_data(text.substr(0, cut));
    const Task<> feeding = create_task(feed_slowly(reader, text.substr(cut), text.size()));
    const std::string head = co_await reader.readuntil("--boundary--");
    EXPECT_EQ(head, "head--boundary--");
    const std::string tail = co_await reader.read();
    EXPECT_EQ(tail, "tail");
    co_await feeding;
  }
}

ASYNC_TEST(StreamReader, OfSeveralSeparatorsTheMatchThatEndsFirstWins) {
  const StreamReader reader = ended("a\r\nb\nc\rXYZ");
  const std::string a = co_await reader.readuntil("\r\n", "\n");
  const std::string b = co_await reader.readuntil("\r\n", "\n");
  const std::string c = co_await reader.readuntil("\n", "\r");
  const std::string shortest = co_await reader.readuntil("XYZ", "Y");
  EXPECT_EQ(a, "a\r\n");
  EXPECT_EQ(b, "b\n");
  EXPECT_EQ(c, "c\r");
  EXPECT_EQ(shortest, "XY");
}

ASYNC_TEST(StreamReader, SeveralSeparatorsAreFoundByteByByte) {
  const StreamReader reader;
  const Task<> feeding = create_task(feed_slowly(reader, "one\r\ntwo\nthree", 1));
  const std::string one = co_await reader.readuntil("\r\n", "\n");
  const std::string two = co_await reader.readuntil("\r\n", "\n");
  EXPECT_EQ(one, "one\r\n");
  EXPECT_EQ(two, "two\n");
  const std::exception_ptr error = co_await error_of(reader.readuntil("\r\n", "\n"));
  EXPECT_EQ(partial_of(error), "three");
  EXPECT_TRUE(reader.at_eof());
  co_await feeding;
}

ASYNC_TEST(StreamReader, RefusesAnEmptySeparator) {
  const StreamReader reader;
  const std::exception_ptr error =
      error_of_call([&] { (void)reader.readuntil("\n", std::string()); });
  EXPECT_TRUE(is<InvalidStateError>(error));
  co_return;
}

ASYNC_TEST(StreamReader, BeyondItsLimitLeavesTheDataInPlace) {
  const StreamReader reader(4);
  reader.feed_data("abcdefgh|rest");
  const std::exception_ptr found = co_await error_of(reader.readuntil("|"));
  EXPECT_EQ(consumed_of(found), 8U);
  EXPECT_THAT(describe(found), HasSubstr("limit of 4 bytes"));
  const std::exception_ptr not_found = co_await error_of(reader.readuntil("###"));
  EXPECT_EQ(consumed_of(not_found), 11U);  // the last two bytes may begin a separator
  reader.feed_eof();
  const std::string all = co_await reader.read();
  EXPECT_EQ(all, "abcdefgh|rest");
}

ASYNC_TEST(StreamReader, TakesALineOfExactlyItsLimit) {
  const StreamReader reader = ended("abcd\nabcde\n", 4);
  const std::string fits = co_await reader.readline();
  EXPECT_EQ(fits, "abcd\n");
  const std::exception_ptr error = co_await error_of(reader.readline());
  EXPECT_TRUE(is<LineTooLongError>(error));
}

ASYNC_TEST(StreamReader, DropsALineThatIsTooLongAndGoesOnWithTheNext) {
  const StreamReader reader = ended("much too long\nok\n", 4);
  const std::exception_ptr error = co_await error_of(reader.readline());
  EXPECT_TRUE(is<LineTooLongError>(error));
  const std::string next = co_await reader.readline();
  EXPECT_EQ(next, "ok\n");
}

ASYNC_TEST(StreamReader, DropsWhatCameOfALineWithoutEnd) {
  const StreamReader reader(4);
  reader.feed_data("without end");
  const std::exception_ptr error = co_await error_of(reader.readline());
  EXPECT_TRUE(is<LineTooLongError>(error));
  reader.feed_data("x\n");
  const std::string next = co_await reader.readline();
  EXPECT_EQ(next, "x\n");
}

ASYNC_TEST(StreamReader, RefusesASecondReadWhileOneWaits) {
  const StreamReader reader;
  const Task<std::string> first = create_task(ensure_coro(reader.readline()));
  co_await sleep(0s);
  const std::exception_ptr error = co_await error_of(reader.read(1));
  EXPECT_TRUE(is<InvalidStateError>(error));
  reader.feed_data("for the first\n");
  const std::exception_ptr still_waits = co_await error_of(reader.read(1));
  EXPECT_TRUE(is<InvalidStateError>(still_waits)) << "the first has not taken its line yet";
  const std::string line = co_await first;
  EXPECT_EQ(line, "for the first\n");
}

ASYNC_TEST(StreamReader, ThrowsWhatBrokeTheStreamAlsoWhenItWaits) {
  const StreamReader reader;
  const Task<std::string> waiting = create_task(ensure_coro(reader.read(1)));
  co_await sleep(0s);
  reader.set_exception(std::make_exception_ptr(ConnectionError("cut")));
  const std::exception_ptr first = co_await error_of(waiting);
  const std::exception_ptr second = co_await error_of(reader.readline());
  EXPECT_EQ(describe(first), "cut");
  EXPECT_EQ(describe(second), "cut");
  EXPECT_EQ(describe(reader.exception()), "cut");
}

ASYNC_TEST(StreamReader, TakesNothingAfterItsEnd) {
  const StreamReader reader = ended("");
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { reader.feed_data("late"); })));
  co_return;
}

ASYNC_TEST(StreamReader, CancelledReadLosesNothing) {
  const StreamReader reader;
  const Task<std::string> reading = create_task(ensure_coro(reader.readexactly(4)));
  co_await sleep(0s);
  reader.feed_data("ab");
  reading.cancel();
  const std::exception_ptr error = co_await error_of(reading);
  EXPECT_TRUE(is<CancelledError>(error));
  reader.feed_data("cd");
  const std::string all = co_await reader.readexactly(4);
  EXPECT_EQ(all, "abcd");
}

ASYNC_TEST(StreamReader, ReadCancelledInThePassThatCompletedItLosesNothing) {
  const StreamReader reader;
  const Task<std::string> reading = create_task(ensure_coro(reader.readline()));
  co_await sleep(0s);
  reader.feed_data("line\n");  // wakes it
  reading.cancel();
  const std::exception_ptr error = co_await error_of(reading);
  EXPECT_TRUE(is<CancelledError>(error));
  const std::string line = co_await reader.readline();
  EXPECT_EQ(line, "line\n");
}

ASYNC_TEST(StreamReader, WithADeadlineCanBeReadAgain) {
  const StreamReader reader;
  const std::exception_ptr error = co_await error_of(wait_for(reader.readline(), 1s));
  EXPECT_TRUE(is<TimeoutError>(error));
  reader.feed_data("now\n");
  const std::string line = co_await wait_for(reader.readline(), 1s);
  EXPECT_EQ(line, "now\n");
}

Coro<> read_in_every_way() {
  const StreamReader reader(16);
  TaskGroup group;
  group.create_task(feed_slowly(reader, "line\nexactly|a|bb|rest", 2));
  const std::string line = co_await reader.readline();
  EXPECT_EQ(line, "line\n");
  const std::string exactly = co_await reader.readexactly(7);
  EXPECT_EQ(exactly, "exactly");
  const std::string until = co_await reader.readuntil("|a|");
  EXPECT_EQ(until, "|a|");
  const std::string some = co_await reader.read(1);
  EXPECT_EQ(some, "b");
  const std::string all = co_await reader.read();
  EXPECT_EQ(all, "b|rest");
  co_await group.join();
}

TEST(StreamReader, CanBeCancelledAtEverySuspension) {
  EXPECT_GE(cancel_at_every_suspension(read_in_every_way), 4);
}

ASYNC_TEST(StreamReader, DestroyedUnderAReadThatWaitsIsHarmless) {
  std::optional<StreamReader> reader(std::in_place);
  {
    TaskGroup group;
    group.create_task(ensure_coro(reader->readline()));
    co_await sleep(0s);
    reader.reset();
  }  // kills the task where it waits
  co_return;
}

}  // namespace
}  // namespace cochain::testing
