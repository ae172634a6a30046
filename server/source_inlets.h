// Inlets: how the bytes of a source reach it: a file that is followed, files that are read as they appear, a connection
// we make, a port others connect to.
// Each cuts them into messages, hands these to its Source, and stops reading while that has no room.
//
// Connections are made again after they end, at first soon, then every 30 s. None of them ends the process: what is
// wrong is the source's state until it is right. I/O thread only.
#pragma once

#include <cstdint>
#include <memory>

#include "server/source.h"

namespace boost::asio {
class io_context;
}

namespace server {

class SourceInlet {
 public:
  virtual ~SourceInlet() = default;
  virtual void start() = 0;
  virtual void tick() {}     // some times a second
  virtual void stop() = 0;   // for good; what is under way still runs out
  virtual std::uint16_t port() const { return 0; }  // listened on
};

std::shared_ptr<SourceInlet> follow_file(boost::asio::io_context& io, std::shared_ptr<Source> source);
std::shared_ptr<SourceInlet> follow_folder(boost::asio::io_context& io, std::shared_ptr<Source> source);
std::shared_ptr<SourceInlet> connect_to(boost::asio::io_context& io, std::shared_ptr<Source> source);
std::shared_ptr<SourceInlet> listen_for(boost::asio::io_context& io, std::shared_ptr<Source> source);
// nullptr: it comes over HTTP, or is only a name.
std::shared_ptr<SourceInlet> make_inlet(boost::asio::io_context& io, const std::shared_ptr<Source>& source);

}  // namespace server
