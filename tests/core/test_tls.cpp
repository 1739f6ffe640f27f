// TLS: who is believed, what is agreed on, and how a connection ends, cleanly or cut short.
#include "certificates.hpp"
#include "stream_test.hpp"

namespace cochain::testing {
namespace {

const TestAuthority& authority() {
  static const TestAuthority one;
  return one;
}

TlsIdentity identity_of(const PemIdentity& pem) {
  return TlsIdentity::pem(pem.certificate, pem.key);
}

const PemIdentity& localhost() {
  static const PemIdentity one = authority().issue("DNS:localhost,IP:127.0.0.1");
  return one;
}

TlsServerOptions server_options() { return TlsServerOptions(identity_of(localhost())); }

ServerOptions serving_tls(TlsServerOptions options = server_options()) {
  return ServerOptions().with_ssl(TlsContext::server(std::move(options)));
}

TlsClientOptions trusting() { return TlsClientOptions().with_ca_pem(authority().pem()); }

ConnectOptions speaking_tls(TlsClientOptions options = trusting()) {
  return ConnectOptions().with_ssl(TlsContext::client(std::move(options)));
}

ASYNC_TEST_REAL_TIME(Tls, CarriesBytesBothWays) {
  const NoDescriptorLeft check;
  Server server = co_await start_server(&echo, "127.0.0.1", 0, serving_tls());
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), speaking_tls());
  const std::string message(300'000, 'x');  // many records
  TaskGroup group;
  group.create_task(ensure_coro(writer.drain()));
  writer.write(message);
  const std::string answer = co_await reader.readexactly(message.size());
  EXPECT_EQ(answer, message);
  co_await group.join();
  writer.close();
  co_await writer.wait_closed();
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Tls, TellsWhatWasAgreedOn) {
  std::optional<TlsInfo> at_server;
  auto note = [&at_server](StreamReader, StreamWriter writer) -> Coro<> {
    at_server = writer.tls_info();
    co_return;
  };
  ClientConnected serve = note;
  ServerOptions serving = serving_tls(server_options().with_alpn("other", "chat"));
  Server server = co_await start_server(serve, "localhost", 0, serving);
  ConnectOptions options = speaking_tls(trusting().with_alpn("mail", "chat"));
  auto [reader, writer] = co_await open_connection("localhost", server.port(), options);
  const std::string nothing = co_await reader.read();
  EXPECT_EQ(nothing, "");
  const std::optional<TlsInfo> info = writer.tls_info();
  EXPECT_EQ(info->version, "TLSv1.3");
  EXPECT_THAT(info->cipher, HasSubstr("TLS_"));
  EXPECT_EQ(info->alpn, "chat");
  EXPECT_EQ(info->peer_certificate->subject, "CN=test server");
  EXPECT_EQ(info->peer_certificate->issuer, "CN=test authority");
  EXPECT_EQ(info->peer_certificate->alt_names, (Log{"DNS:localhost", "IP:127.0.0.1"}));
  EXPECT_EQ(info->peer_certificate->pem, localhost().certificate);
  EXPECT_EQ(at_server->alpn, "chat");
  EXPECT_EQ(at_server->server_name, "localhost");
  EXPECT_FALSE(at_server->peer_certificate);
  co_await end(server);
}

/// What connecting to a server with `identity` fails with.
Coro<std::exception_ptr> error_with(PemIdentity identity, ConnectOptions options) {
  TlsServerOptions with(identity_of(identity));
  Server server = co_await start_server(&echo, "127.0.0.1", 0, serving_tls(std::move(with)));
  std::exception_ptr error =
      co_await error_of(open_connection("127.0.0.1", server.port(), std::move(options)));
  co_await end(server);
  co_return error;
}

ASYNC_TEST_REAL_TIME(Tls, RefusesACertificateForAnotherHost) {
  const NoDescriptorLeft check;
  const std::exception_ptr error =
      co_await error_with(authority().issue("DNS:example.com"), speaking_tls());
  EXPECT_TRUE(is<TlsError>(error));
  EXPECT_THAT(describe(error), HasSubstr("the TLS handshake failed for 127.0.0.1"));
  EXPECT_THAT(describe(error), HasSubstr("mismatch"));
}

ASYNC_TEST_REAL_TIME(Tls, RefusesACertificateOfAnUnknownAuthority) {
  const TestAuthority other;
  const std::exception_ptr error = co_await error_with(other.issue("IP:127.0.0.1"), speaking_tls());
  EXPECT_TRUE(is<TlsError>(error));
  EXPECT_THAT(describe(error), HasSubstr("certificate verify failed"));
}

ASYNC_TEST_REAL_TIME(Tls, RefusesACertificateThatHasExpired) {
  const std::exception_ptr error =
      co_await error_with(authority().issue("IP:127.0.0.1", -1h), speaking_tls());
  EXPECT_TRUE(is<TlsError>(error));
  EXPECT_THAT(describe(error), HasSubstr("certificate has expired"));
}

ASYNC_TEST_REAL_TIME(Tls, TrustsTheSystemUnlessToldOtherwise) {
  const std::exception_ptr error =
      co_await error_with(localhost(), speaking_tls(TlsClientOptions()));
  EXPECT_TRUE(is<TlsError>(error)) << "nobody on this machine trusts the test's authority";
}

ASYNC_TEST_REAL_TIME(Tls, BelievesAnythingOnlyWhenAskedTo) {
  const std::exception_ptr unchecked =
      co_await error_with(authority().issue("DNS:example.com"),
                          speaking_tls(TlsClientOptions().without_verification()));
  EXPECT_EQ(unchecked, nullptr);
  const std::exception_ptr other_name = co_await error_with(
      authority().issue("DNS:example.com"), speaking_tls().with_server_hostname("example.com"));
  EXPECT_EQ(other_name, nullptr);
}

ASYNC_TEST_REAL_TIME(Tls, ServerMayAskForACertificate) {
  ServerOptions serving = serving_tls(server_options().with_client_ca_pem(authority().pem()));
  Server server = co_await start_server(&echo, "127.0.0.1", 0, serving);
  {
    ConnectOptions with = speaking_tls(trusting().with_identity(identity_of(localhost())));
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), with);
    writer.write("x");
    const std::string answer = co_await reader.readexactly(1);
    EXPECT_EQ(answer, "x");
  }
  Connection without = co_await open_connection("127.0.0.1", server.port(), speaking_tls());
  const std::exception_ptr error = co_await error_of(without.reader.read());
  EXPECT_TRUE(is<TlsError>(error)) << describe(error);
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Tls, PeerThatSpeaksSomethingElseIsAnError) {
  Server server = co_await start_server(
      [](StreamReader, StreamWriter writer) -> Coro<> {
        writer.write("220 plain text\r\n");
        co_await writer.drain();
      },
      "127.0.0.1", 0);
  const std::exception_ptr error =
      co_await error_of(open_connection("127.0.0.1", server.port(), speaking_tls()));
  EXPECT_TRUE(is<TlsError>(error)) << describe(error);
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Tls, PeerThatHangsUpInTheHandshakeIsAConnectionError) {
  Server server = co_await start_server(&hang_up, "127.0.0.1", 0);
  const std::exception_ptr error =
      co_await error_of(open_connection("127.0.0.1", server.port(), speaking_tls()));
  EXPECT_TRUE(is<ConnectionError>(error)) << describe(error);
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Tls, HandshakeThatTakesTooLongIsCut) {
  const NoDescriptorLeft check;
  RawListener silent;
  silent.listen();
  ConnectOptions options = speaking_tls().with_ssl_handshake_timeout(20ms);
  const std::exception_ptr error =
      co_await error_of(open_connection("127.0.0.1", silent.port(), options));
  EXPECT_TRUE(is<TimeoutError>(error)) << describe(error);
  EXPECT_THAT(describe(error), HasSubstr("handshake"));
}

ASYNC_TEST_REAL_TIME(Tls, ServerCutsAClientThatNeverBeginsItsHandshake) {
  const NoDescriptorLeft check;
  ServerOptions serving = serving_tls().with_ssl_handshake_timeout(20ms);
  Server server = co_await start_server(&echo, "127.0.0.1", 0, serving);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  const std::string nothing = co_await reader.read();
  EXPECT_EQ(nothing, "");
  writer.close();
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Tls, HandshakeCanBeCancelled) {
  const NoDescriptorLeft check;
  RawListener silent;
  silent.listen();
  const std::exception_ptr error = co_await error_of(
      wait_for(open_connection("127.0.0.1", silent.port(), speaking_tls()), 20ms));
  EXPECT_TRUE(is<TimeoutError>(error));
}

ASYNC_TEST_REAL_TIME(Tls, CloseIsSeenAsTheEnd) {
  Server server = co_await start_server(
      [](StreamReader, StreamWriter writer) -> Coro<> {
        writer.write("all there is");
        co_return;
      },
      "127.0.0.1", 0, serving_tls());
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), speaking_tls());
  const std::string all = co_await reader.read();
  EXPECT_EQ(all, "all there is");
  EXPECT_TRUE(reader.at_eof());
  co_await writer.wait_closed();  // TLS is not left half open
  co_await end(server);
}

/// Sits between a client and a server and passes bytes on, until it is told to cut.
class Wire {
 public:
  explicit Wire(std::uint16_t port) : to(port) {}
  std::uint16_t to;
  Event cut;
};

Coro<> pass_on(StreamReader from, StreamWriter to) {
  for (;;) {
    const std::string data = co_await from.read(65536);
    if (data.empty()) co_return;
    to.write(data);
  }
}

Coro<> pass_between(Wire* wire, StreamReader reader, StreamWriter writer) {
  Connection server = co_await open_connection("127.0.0.1", wire->to);
  TaskGroup group;
  group.create_task(pass_on(reader, server.writer));
  group.create_task(pass_on(server.reader, writer));
  co_await wire->cut.wait();
  writer.abort();  // plain FIN: no close_notify
  group.cancel();
  co_await group.join();
}

ASYNC_TEST_REAL_TIME(Tls, ConnectionThatIsCutShortIsAnErrorForTheReader) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0, serving_tls());
  Wire wire(server.port());
  ClientConnected between = [&wire](StreamReader reader, StreamWriter writer) {
    return pass_between(&wire, std::move(reader), std::move(writer));
  };
  Server middle = co_await start_server(between, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", middle.port(), speaking_tls());
  writer.write("hello");
  const std::string hello = co_await reader.readexactly(5);
  EXPECT_EQ(hello, "hello");
  wire.cut.set();
  const std::exception_ptr error = co_await error_of(reader.read());
  EXPECT_TRUE(is<TlsError>(error)) << describe(error);
  EXPECT_THAT(describe(error), HasSubstr("close_notify"));
  const std::exception_ptr at_drain = co_await error_of(writer.drain());
  EXPECT_TRUE(is<TlsError>(at_drain));
  co_await end(middle);
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Tls, PeerThatNeverAnswersTheEndIsCut) {
  Event never;
  // Reading nothing, it meets no close_notify: paused, and it holds its end open.
  ClientConnected deaf = [&never](StreamReader, StreamWriter writer) -> Coro<> {
    writer.write(std::string(5'000'000, 'x'));
    co_await never.wait();
  };
  Server server = co_await start_server(deaf, "127.0.0.1", 0, serving_tls());
  Wire wire(server.port());
  ClientConnected one_way = [&wire](StreamReader reader, StreamWriter writer) -> Coro<> {
    Connection to = co_await open_connection("127.0.0.1", wire.to);
    TaskGroup group;
    group.create_task(pass_on(to.reader, writer));
    const std::string first_flight = co_await reader.read(65536);
    to.writer.write(first_flight);
    const std::string second_flight = co_await reader.read(65536);
    to.writer.write(second_flight);
    co_await wire.cut.wait();  // nothing of the client passes any more
    group.cancel();
    co_await group.join();
  };
  Server middle = co_await start_server(one_way, "127.0.0.1", 0);
  ConnectOptions options = speaking_tls().with_ssl_shutdown_timeout(20ms);
  auto [reader, writer] = co_await open_connection("127.0.0.1", middle.port(), options);
  co_await reader.read(1);
  writer.close();
  const std::exception_ptr error = co_await error_of(writer.wait_closed());
  EXPECT_TRUE(is<TimeoutError>(error)) << describe(error);
  wire.cut.set();
  middle.abort_clients();
  co_await end(middle);
  never.set();
  server.abort_clients();
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Tls, HasNoHalfClose) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0, serving_tls());
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port(), speaking_tls());
  EXPECT_FALSE(writer.can_write_eof());
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&w = writer] { w.write_eof(); })));
  writer.close();
  co_await end(server);
}

Coro<> upgrade(StreamReader reader, StreamWriter writer) {
  const std::string command = co_await reader.readline();
  EXPECT_EQ(command, "STARTTLS\n");
  writer.write("go ahead\n");
  co_await writer.start_tls(TlsContext::server(server_options()));
  Coro<> talking = echo(std::move(reader), std::move(writer));
  co_await std::move(talking);
}

ASYNC_TEST_REAL_TIME(Tls, CanBeStartedOnAConnectionOnBothSides) {
  const NoDescriptorLeft check;
  Server server = co_await start_server(&upgrade, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  writer.write("STARTTLS\n");
  const std::string answer = co_await reader.readline();
  EXPECT_EQ(answer, "go ahead\n");
  StartTlsOptions options;
  options.with_server_hostname("localhost");
  co_await writer.start_tls(TlsContext::client(trusting()), options);
  EXPECT_TRUE(writer.tls_info());
  writer.write("secret\n");
  const std::string secret = co_await reader.readline();
  EXPECT_EQ(secret, "secret\n");
  writer.close();
  co_await writer.wait_closed();
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Tls, WhatWasSlippedInBeforeItStartedIsNotRead) {
  Server server = co_await start_server(&upgrade, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  writer.write("STARTTLS\nevil command\n");
  co_await reader.readline();
  StartTlsOptions options;
  options.with_server_hostname("localhost");
  const std::exception_ptr error =
      co_await error_of(writer.start_tls(TlsContext::client(trusting()), options));
  EXPECT_TRUE(is<ConnectionError>(error)) << describe(error);
  server.close();
  co_await server.wait_closed();
}

Coro<> talk_over_tls() {
  const EventLoop::ExternalWork sockets(EventLoop::current());
  const std::string path = socket_path("tls");
  Server server = co_await start_unix_server(&echo, path, serving_tls());
  ConnectOptions options = speaking_tls().with_server_hostname("localhost");
  Connection connection = co_await open_unix_connection(path, options);
  connection.writer.write("hello");
  const std::string hello = co_await connection.reader.readexactly(5);
  EXPECT_EQ(hello, "hello");
  connection.writer.close();
  co_await connection.writer.wait_closed();
  co_await end(server);
}

TEST(Tls, CanBeCancelledAtEverySuspension) {
  const NoDescriptorLeft check;
  EXPECT_GE(cancel_at_every_suspension(talk_over_tls), 3);
}

TEST(TlsContext, SaysWhatIsWrongWithItsFiles) {
  const auto no_file = error_of_call(
      [] { (void)TlsContext::client(TlsClientOptions().with_ca_file("/nowhere/ca.pem")); });
  EXPECT_EQ(describe(no_file), "cannot read /nowhere/ca.pem: No such file or directory");
  const auto no_certificate = error_of_call(
      [] { (void)TlsContext::client(TlsClientOptions().with_ca_pem("not a certificate")); });
  EXPECT_THAT(describe(no_certificate), HasSubstr("no PEM certificate"));
  const PemIdentity other = authority().issue("DNS:other");
  const auto wrong_key = error_of_call([&] {
    (void)TlsContext::server(
        TlsServerOptions(TlsIdentity::pem(localhost().certificate, other.key)));
  });
  EXPECT_TRUE(is<TlsError>(wrong_key));
  EXPECT_THAT(describe(wrong_key), HasSubstr("does not belong"));
}

ASYNC_TEST_REAL_TIME(TlsContext, OfTheWrongSideIsRefusedBeforeAnythingIsSent) {
  const TlsContext client = TlsContext::client(trusting());
  const TlsContext server = TlsContext::server(server_options());
  const std::exception_ptr as_server =
      co_await error_of(start_server(&echo, "127.0.0.1", 0, ServerOptions().with_ssl(client)));
  EXPECT_TRUE(is<InvalidStateError>(as_server));
  const std::exception_ptr as_client =
      co_await error_of(open_connection("127.0.0.1", 1, ConnectOptions().with_ssl(server)));
  EXPECT_TRUE(is<InvalidStateError>(as_client));
}

}  // namespace
}  // namespace cochain::testing
