// The inlet of a followed file. Reading is in pieces, with a turn for everybody else between them.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "ingest/framing.h"
#include "server/clock.h"
#include "server/file_follower.h"
#include "server/log.h"
#include "server/source_inlets.h"

namespace server {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

class FileInlet : public SourceInlet, public std::enable_shared_from_this<FileInlet> {
 public:
  FileInlet(boost::asio::io_context& io, std::shared_ptr<Source> source)
      : io_(io),
        source_(std::move(source)),
        follower_(source_->config().file, source_->config().from_end),
        framer_(source_->framing()) {}

  void start() override {
    if (const auto position = file_position(source_->place())) follower_.go_on(*position, source_->same_file());
    source_->tell_place([this] {
      return begun_ ? text_of(follower_.position(follower_.begun_at() + framer_.position())) : source_->place();
    });
    const std::weak_ptr<FileInlet> self = weak_from_this();
    source_->when_room([self] {
      if (const auto inlet = self.lock()) inlet->soon();
    });
    step();
  }
  void tick() override { step(); }
  void stop() override { stopped_ = true; }

 private:
  // After the others had their turn.
  void soon() {
    if (waiting_) return;
    waiting_ = true;
    boost::asio::post(io_, [self = shared_from_this()] {
      self->waiting_ = false;
      self->step();
    });
  }

  void step() {
    if (stopped_ || !source_->room()) return;
    SourceHealth& health = source_->health();
    const auto piece = follower_.read(kPiece);
    if (!piece) {
      health.become(piece.error().message, false, wall_now());
      return;
    }
    if (begun_ != follower_.files()) {
      begun_ = follower_.files();
      framer_ = ingest::Framer(source_->framing());
      too_large_ = 0;
      log_info("source " + source_->config().name + ": reading " + source_->config().file);
    }
    health.become(live_ ? "following" : "reading what is there", true, wall_now());
    health.behind = follower_.behind();
    health.gaps += follower_.gaps() - gaps_;
    gaps_ = follower_.gaps();
    if (piece->bytes.empty() && !piece->ended) {
      live_ = true;
      return;
    }
    framer_.feed(piece->bytes);
    while (const auto message = framer_.next()) read(*message);
    if (piece->ended) {
      if (const auto rest = framer_.rest()) read(*rest);
    }
    health.too_large += framer_.too_large() - too_large_;
    too_large_ = framer_.too_large();
    source_->hand_over();
    soon();
  }

  void read(std::string_view bytes) {
    ingest::Message message;
    message.bytes = bytes;
    source_->read(message, live_);
  }

  boost::asio::io_context& io_;
  std::shared_ptr<Source> source_;
  FileFollower follower_;
  ingest::Framer framer_;
  std::uint64_t begun_ = 0;      // FileFollower::files of the framer's
  std::uint64_t too_large_ = 0, gaps_ = 0;  // counted so far
  bool live_ = false;            // its end was reached before
  bool waiting_ = false;
  bool stopped_ = false;
};

}  // namespace

std::shared_ptr<SourceInlet> follow_file(boost::asio::io_context& io, std::shared_ptr<Source> source) {
  return std::make_shared<FileInlet>(io, std::move(source));
}

}  // namespace server
