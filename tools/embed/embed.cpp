// ringside-embed: files -> one C++ source, for what the product carries inside its binary.
//
//   ringside-embed assets <folder> <out.cpp>     server/assets.h: the files of a built wallboard
//   ringside-embed catalogue <file> <out.cpp>    server/builtin.h: the built-in KPI catalogue
//
// The output depends on the content only (sorted, no dates), so the same input gives the same binary.
#include <xxhash.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

// Compressed copies are kept where they save at least a tenth.
constexpr std::size_t kWorthwhile = 10;

bool read_file(const fs::path& path, std::string& bytes) {
  std::ifstream in(path, std::ios::binary);
  bytes.assign(std::istreambuf_iterator<char>(in), {});
  return in.good() || in.eof();
}

// Octal escapes of fixed width: no character of the content can join an escape or end the literal.
void write_literal(std::string& out, std::string_view bytes) {
  constexpr std::size_t kPerLine = 96;
  out += "std::string_view{\n";
  for (std::size_t i = 0; i < bytes.size() || i == 0; i += kPerLine) {
    out += "    \"";
    for (const char c : bytes.substr(i, kPerLine)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '?') {
        out += c;
      } else {
        char escaped[5];
        std::snprintf(escaped, sizeof escaped, "\\%03o", static_cast<unsigned>(byte));
        out += escaped;
      }
    }
    out += "\"\n";
  }
  out += "    , " + std::to_string(bytes.size()) + "}";
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  std::string in(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  if (out.size() + bytes.size() / kWorthwhile >= bytes.size()) out.clear();
  return out;
}

std::string_view content_type(const fs::path& path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kTypes{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
  }};
  const std::string extension = path.extension().string();
  for (const auto& [ending, type] : kTypes) {
    if (extension == ending) return type;
  }
  return "application/octet-stream";
}

std::string url_of(const fs::path& relative) {
  const std::string name = relative.generic_string();
  if (name == "index.html") return "/";
  return (name.starts_with("wallboard/") ? "/" : "/wallboard/") + name;
}

std::string etag_of(std::string_view bytes) {
  char text[24];
  std::snprintf(text, sizeof text, "\\\"%016llx\\\"",
                static_cast<unsigned long long>(XXH3_64bits(bytes.data(), bytes.size())));
  return text;
}

bool embed_assets(const fs::path& folder, std::string& out) {
  std::vector<std::pair<std::string, fs::path>> files;  // url, file
  std::error_code ec;
  for (fs::recursive_directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    if (it->is_regular_file()) {
      files.emplace_back(url_of(fs::relative(it->path(), folder)), it->path());
    }
  }
  if (ec) {
    std::fprintf(stderr, "ringside-embed: %s: %s\n", folder.c_str(), ec.message().c_str());
    return false;
  }
  std::sort(files.begin(), files.end());
  out += "#include \"server/assets.h\"\n\n#include <array>\n\nnamespace server {\nnamespace {\n\n";
  out += "const std::array<Asset, " + std::to_string(files.size()) + "> kAssets{{\n";
  for (const auto& [url, path] : files) {
    std::string bytes;
    if (!read_file(path, bytes)) {
      std::fprintf(stderr, "ringside-embed: cannot read %s\n", path.c_str());
      return false;
    }
    out += "{\"" + url + "\", \"" + std::string(content_type(path)) + "\", \"" + etag_of(bytes);
    out += "\",\n";
    write_literal(out, bytes);
    out += ",\n";
    write_literal(out, gzip(bytes));
    out += "},\n";
  }
  out += "}};\n\n}  // namespace\n\n";
  out += "std::span<const Asset> assets() { return kAssets; }\n\n}  // namespace server\n";
  return true;
}

bool embed_catalogue(const fs::path& file, std::string& out) {
  std::string bytes;
  if (!fs::is_regular_file(file) || !read_file(file, bytes)) {
    std::fprintf(stderr, "ringside-embed: cannot read %s\n", file.c_str());
    return false;
  }
  out += "#include \"server/builtin.h\"\n\nnamespace server {\n\n";
  out += "std::string_view builtin_catalogue() {\n  return ";
  write_literal(out, bytes);
  out += ";\n}\n\n}  // namespace server\n";
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  std::string out = "// Generated by tools/embed.\n";
  bool done = false;
  if (arguments.size() == 3 && arguments[0] == "assets") {
    done = embed_assets(arguments[1], out);
  } else if (arguments.size() == 3 && arguments[0] == "catalogue") {
    done = embed_catalogue(arguments[1], out);
  } else {
    std::fputs("usage: ringside-embed assets|catalogue <input> <out.cpp>\n", stderr);
  }
  if (!done) return 2;
  std::ofstream file(fs::path(arguments[2]), std::ios::binary);
  file << out;
  file.close();
  return file.fail() ? 2 : 0;
}
