// Compressed answers: unpacked as they come, and counted as they are unpacked.
#include <zlib.h>

#include "http_peer.hpp"
#include "process_state.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

/// Packs piece by piece; each piece can be unpacked as soon as it is there.
class Gzip {
 public:
  Gzip() { ::deflateInit2(&stream_, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY); }
  ~Gzip() { ::deflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::string pack(std::string_view bytes, int flush = Z_SYNC_FLUSH) {
    std::string out;
    std::string buffer(64 * 1024, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(buffer.size());
      ::deflate(&stream_, flush);
      out.append(buffer, 0, buffer.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }
  std::string finish() { return pack("", Z_FINISH); }

 private:
  z_stream stream_{};
};

std::string gzip(std::string_view bytes) {
  Gzip packer;
  std::string out = packer.pack(bytes, Z_NO_FLUSH);
  return out + packer.finish();
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, OffersWhatItCanUndo) {
  Peer peer(text_answer("plain"));
  co_await fetch(make_curl_transport(), peer.url());
  const std::string offered(peer.seen().at(0).header("accept-encoding"));
  EXPECT_NE(offered.find("gzip"), std::string::npos) << offered;
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, EachFlushedEventArrivesAtOnce) {
  Gzip packer;
  Peer peer(raw(chunked_head("Content-Encoding: gzip\r\n") + chunk(packer.pack("data: one\n\n")))
                .delay(500ms)
                .write(chunk(packer.pack("data: two\n\n")))
                .write(chunk(packer.finish()) + chunk("")));
  auto curl = make_curl_transport();
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  const std::optional<std::string> first = co_await response.body->read();
  EXPECT_EQ(first, "data: one\n\n");
  EXPECT_EQ(peer.stats().answers_ended, 0U);
  const std::string rest = co_await read_all(std::move(response.body));
  EXPECT_EQ(rest, "data: two\n\n");
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, UnpacksMoreThanItsBuffersHold) {
  std::string text;
  for (int i = 0; text.size() < 5'000'000; ++i) text += "line " + std::to_string(i) + "\n";
  Peer peer(SimulatedReply::http(200, "text/plain", gzip(text), {{"Content-Encoding", "gzip"}}));
  auto curl = make_curl_transport(CurlOptions().with_buffer_bytes(10'000));
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  co_await sleep(30ms);
  const std::string all = co_await read_all(std::move(response.body));
  EXPECT_EQ(all, text);
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, ABombIsStoppedByWhatItUnpacksTo) {
  const std::string bomb = gzip(std::string(100 << 20, '\0'));
  EXPECT_LT(bomb.size(), 300'000U);
  Peer peer(SimulatedReply::http(200, "text/plain", bomb, {{"Content-Encoding", "gzip"}}));
  const std::size_t memory = resident_bytes();
  for (const Duration nap : {Duration(0ms), Duration(50ms)}) {  // a reader at work, and one asleep
    auto curl = make_curl_transport();
    HttpRequest request("GET", peer.url());
    request.with_body_bytes_max(4 << 20);
    HttpResponse response = co_await curl->open(std::move(request));
    co_await sleep(nap);
    const std::exception_ptr error = co_await failure_of(read_all(std::move(response.body)));
    expect_error<LimitError>(error);
  }
  if (!sanitized()) {
    EXPECT_LT(resident_bytes(), memory + (60U << 20));
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, ABombInABombIsStopped) {
  const std::string bomb = gzip(gzip(std::string(150 << 20, '\0')));
  Peer peer(SimulatedReply::http(200, "text/plain", bomb, {{"Content-Encoding", "gzip, gzip"}}));
  for (const Duration nap : {Duration(0ms), Duration(50ms)}) {
    auto curl = make_curl_transport();
    HttpRequest request("GET", peer.url());
    request.with_body_bytes_max(1 << 20);
    HttpResponse response = co_await curl->open(std::move(request));
    co_await sleep(nap);
    const std::exception_ptr error = co_await failure_of(read_all(std::move(response.body)));
    expect_error<LimitError>(error);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, TheLimitIsMetByBytesThatWereKeptForTheReader) {
  // Nothing more comes from the peer, so nothing but the reader moves the transfer on.
  Gzip packer;
  Peer peer(raw(chunked_head("Content-Encoding: gzip\r\n") +
                chunk(packer.pack(std::string(500'000, 'x'))))
                .hang());
  auto curl = make_curl_transport(CurlOptions().with_buffer_bytes(8 * 1024));
  HttpRequest request("GET", peer.url());
  request.with_body_bytes_max(100'000).with_idle_timeout(10s);
  HttpResponse response = co_await curl->open(std::move(request));
  Stopwatch watch;
  const std::exception_ptr error = co_await failure_of(read_all(std::move(response.body)));
  expect_error<LimitError>(error);
  EXPECT_LT(watch.elapsed(), 5s);
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, LongChainsOfEncodingsAreRefused) {
  std::string chain = "gzip";
  for (int i = 0; i < 9; ++i) chain += ", gzip";
  Peer peer(SimulatedReply::http(200, "text/plain", "x", {{"Content-Encoding", chain}}));
  const std::exception_ptr error = co_await failure_of(fetch(make_curl_transport(), peer.url()));
  expect_error<ProtocolError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, WhatIsNotWhatItSaysIsAnError) {
  for (const std::string encoding : {"gzip", "br", "zstd", "no-such-encoding"}) {
    Peer peer(SimulatedReply::http(200, "text/plain", "this is plain text and nothing else",
                                   {{"Content-Encoding", encoding}}));
    const std::exception_ptr error = co_await failure_of(fetch(make_curl_transport(), peer.url()));
    expect_error<ModelError>(error);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportEncodings, APackedAnswerThatIsCutIsIncomplete) {
  const std::string packed = gzip(std::string(5000, 'x') + "and an end");
  Peer peer(
      raw(chunked_head("Content-Encoding: gzip\r\n") + chunk(packed.substr(0, packed.size() / 2)))
          .close());
  const std::exception_ptr error = co_await failure_of(fetch(make_curl_transport(), peer.url()));
  expect_error<IncompleteStreamError>(error);
}

}  // namespace
}  // namespace cochain
