// The inlets of a followed file and of a folder whose files are read once each. Reading is in pieces, with a turn for
// everybody else between them.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <type_traits>

#include "ingest/framing.h"
#include "server/clock.h"
#include "server/file_follower.h"
#include "server/folder_follower.h"
#include "server/log.h"
#include "server/source_inlets.h"

namespace server {
namespace {

constexpr std::size_t kPiece = 64 * 1024;

// A file, as the inlet reads it.
class OneFile {
 public:
  explicit OneFile(const SourceConfig& config) : follower_(config.file, config.from_end) {}
  void go_on(const Source& source) {
    if (const auto position = file_position(source.place())) follower_.go_on(*position, source.same_file());
  }
  auto read() { return follower_.read(kPiece); }
  // `taken`: bytes of the current file that became messages, since reading of it began.
  std::string place(std::uint64_t taken) { return text_of(follower_.position(follower_.begun_at() + taken)); }
  std::string trouble() const { return ""; }
  const FileFollower& follower() const { return follower_; }

 private:
  FileFollower follower_;
};

class Folder {
 public:
  explicit Folder(const SourceConfig& config) : follower_(config.file, config.from_end) {}
  void go_on(const Source& source) {
    if (source.same_file()) follower_.go_on(source.place());
  }
  auto read() { return follower_.read(kPiece, steady_now()); }
  std::string place(std::uint64_t) const { return follower_.place(); }
  std::string trouble() const { return follower_.trouble(); }
  const FolderFollower& follower() const { return follower_; }

 private:
  FolderFollower follower_;
};

template <class Files>
class FileInlet : public SourceInlet, public std::enable_shared_from_this<FileInlet<Files>> {
 public:
  FileInlet(boost::asio::io_context& io, std::shared_ptr<Source> source)
      : io_(io),
        source_(std::move(source)),
        files_(source_->config()),
        framer_(source_->framing()) {}

  void start() override {
    files_.go_on(*source_);
    source_->tell_place([this] { return begun_ ? files_.place(framer_.position()) : source_->place(); });
    const std::weak_ptr<FileInlet> self = this->weak_from_this();
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
    boost::asio::post(io_, [self = this->shared_from_this()] {
      self->waiting_ = false;
      self->step();
    });
  }

  void step() {
    if (stopped_ || !source_->room()) return;
    SourceHealth& health = source_->health();
    const auto piece = files_.read();
    if (!piece) {
      health.become(piece.error().message, false, wall_now());
      return;
    }
    const auto& follower = files_.follower();
    if (begun_ != follower.files()) {
      if (begun_ == 0 || std::is_same_v<Files, OneFile>) {
        log_info("source " + source_->config().name + ": reading " + source_->config().file);
      }
      begun_ = follower.files();
      framer_ = ingest::Framer(source_->framing());
      too_large_ = 0;
      source_->moved();
    }
    health.behind = follower.behind();
    health.gaps += follower.gaps() - gaps_;
    gaps_ = follower.gaps();
    const bool nothing = piece->bytes.empty() && !piece->ended;
    live_ = live_ || (nothing && health.behind == 0);
    const std::string trouble = files_.trouble();
    const std::string state = live_ ? "following" : "reading what is there";
    health.become(trouble.empty() ? state : trouble, trouble.empty(), wall_now());
    if (nothing) return;
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
  Files files_;
  ingest::Framer framer_;
  std::uint64_t begun_ = 0;      // number of the framer's file
  std::uint64_t too_large_ = 0, gaps_ = 0;  // counted so far
  bool live_ = false;            // everything there was had been read before
  bool waiting_ = false;
  bool stopped_ = false;
};

}  // namespace

std::shared_ptr<SourceInlet> follow_file(boost::asio::io_context& io, std::shared_ptr<Source> source) {
  return std::make_shared<FileInlet<OneFile>>(io, std::move(source));
}

std::shared_ptr<SourceInlet> follow_folder(boost::asio::io_context& io, std::shared_ptr<Source> source) {
  return std::make_shared<FileInlet<Folder>>(io, std::move(source));
}

}  // namespace server
