// A client of the stream of another make (Beast), which checks and applies every message it reads.
#pragma once

#include <string>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "tests/live_server.h"
#include "tests/stream_model.h"

class StreamClient {
 public:
  explicit StreamClient(std::uint16_t port, const std::string& query = {}, int receive_buffer = 0) : socket_(io_) {
    auto& tcp = socket_.next_layer();
    tcp.open(boost::asio::ip::tcp::v4());
    if (receive_buffer > 0) tcp.set_option(boost::asio::socket_base::receive_buffer_size(receive_buffer));
    tcp.connect({boost::asio::ip::address_v4::loopback(), port});
    const timeval patience{15, 0};
    setsockopt(tcp.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    socket_.set_option(boost::beast::websocket::stream_base::decorator(
        [](boost::beast::websocket::request_type& request) { request.set("Sec-WebSocket-Protocol", "kpi.v1.json"); }));
    boost::beast::websocket::response_type response;
    socket_.handshake(response, "test", "/v1/stream" + query);
    CHECK(response["Sec-WebSocket-Protocol"] == "kpi.v1.json");
  }

  void send(const std::string& json) {
    boost::system::error_code ignored;
    socket_.text(true);
    socket_.write(boost::asio::buffer(json), ignored);
  }

  // The next message, checked and applied; empty when the server has closed.
  std::string next() {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    socket_.read(buffer, error);
    if (error) return {};
    std::string text = boost::beast::buffers_to_string(buffer.data());
    REQUIRE(model.apply(text) == "");
    return text;
  }

  // Reads until a message of that type; returns it.
  std::string until(const std::string& type) {
    std::string text;
    do {
      text = next();
      REQUIRE_FALSE(text.empty());
    } while (model.last_type != type);
    return text;
  }

  void until_cell(const std::string& view, const std::string& row, const std::string& column,
                  const std::string& value) {
    while (model.views[view].rows[row][column] != value) REQUIRE_FALSE(next().empty());
  }

  int close_code() {
    while (!next().empty()) {
    }
    return socket_.reason().code;
  }

  void subscribe(const std::string& more = {}) {
    send(R"({"id":1,"op":"sub","view":"wallboard","hz":10)" + more + "}");
    until("ok");
  }

  void ping() {
    boost::system::error_code ignored;
    socket_.ping({}, ignored);
  }

  StreamModel model;

 private:
  boost::asio::io_context io_;
  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> socket_;
};
