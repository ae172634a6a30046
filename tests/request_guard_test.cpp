#include "server/request_guard.h"

#include <catch2/catch.hpp>

TEST_CASE("what two readers could understand differently is refused") {
  const std::string host = "Host: h\r\n";
  const auto [head, status] = GENERATE_COPY(table<std::string, int>({
      {"GET / HTTP/1.1\r\n" + host + "\r\n", 0},
      {"GET /a?b=%20 HTTP/1.1\r\n" + host + "Accept: */*\r\n\r\n", 0},
      {"GET / HTTP/1.0\r\n\r\n", 0},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\n", 0},
      {"POST / HTTP/1.1\r\n" + host + "transfer-encoding:  Chunked \r\n\r\n", 0},
      {"POST / HTTP/1.1\r\n" + host + "Expect: 100-continue\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: \r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5, 5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: -5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 0x5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: \r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "A: b\r\n c\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "A : b\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "A\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "A: b\x01\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n" + host + "A: b\rc\r\n\r\n", 400},
      {"GET / HTTP/1.1\n" + host + "\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {" GET / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET  / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 505},
      {"GET / http/1.1\r\n" + host + "\r\n", 400},
      {"GET /\r\n" + host + "\r\n", 400},
      {"GET http://h/ HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /\x80 HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /#f HTTP/1.1\r\n" + host + "\r\n", 400},
      {"G(T / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /" + std::string(3'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414},
      {"POST / HTTP/1.1\r\n" + host + "Content-Encoding: GZIP\r\n\r\n", 0},
      {"POST / HTTP/1.1\r\n" + host + "Content-Encoding: br\r\n\r\n", 415},
      {"POST / HTTP/1.1\r\n" + host + "Content-Encoding: gzip, gzip\r\n\r\n", 415},
      {"POST / HTTP/1.1\r\n" + host + "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", 415},
      {"POST / HTTP/1.1\r\n" + host + "Expect: magic\r\n\r\n", 417},
      {"POST / HTTP/1.1\r\n" + host + "Trailer: X\r\n\r\n", 400},
  }));
  CAPTURE(head);
  const auto problem = server::judge_head(head);
  CHECK((problem ? problem->status : 0) == status);
}

TEST_CASE("more fields than anybody needs are refused") {
  std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 64; ++i) head += "A: b\r\n";
  CHECK(server::judge_head(head + "\r\n")->status == 431);
}
