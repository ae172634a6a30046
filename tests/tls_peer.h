// The other side of a connection that the server makes through TLS, with a certificate of its own making.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <memory>

#include "tests/peer.h"

// Signed by itself, for the names given as OpenSSL writes them ("IP:127.0.0.1,DNS:pbx.example.com"); it was and will
// be good for so many seconds.
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& names, long good_for = 3'600)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
    X509* x = certificate_.get();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3'600);
    X509_gmtime_adj(X509_getm_notAfter(x), good_for);
    X509_NAME* subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(x, subject);
    X509_set_pubkey(x, key_.get());
    X509_EXTENSION* san = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    REQUIRE(san != nullptr);
    X509_add_ext(x, san, -1);
    X509_EXTENSION_free(san);
    REQUIRE(X509_sign(x, key_.get(), EVP_sha256()) > 0);
  }
  std::string pem() const {
    const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509(out.get(), certificate_.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
  }
  EVP_PKEY* key() const { return key_.get(); }
  X509* certificate() const { return certificate_.get(); }

 private:
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  std::unique_ptr<X509, void (*)(X509*)> certificate_;
};

class TlsPeer : public Peer {
 public:
  explicit TlsPeer(const TestCertificate& mine)
      : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free), session_(nullptr, SSL_free) {
    REQUIRE(SSL_CTX_use_certificate(context_.get(), mine.certificate()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context_.get(), mine.key()) == 1);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without asking for that
  }
  ~TlsPeer() override { session_.reset(); }
  void wait_for_call() override { REQUIRE(wait_for_handshake()); }
  // Waits for a connection; whether they agreed to go on.
  bool wait_for_handshake() {
    Peer::wait_for_call();
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), socket_);
    return SSL_accept(session_.get()) == 1;
  }
  std::string asked_for() const {
    const char* name = SSL_get_servername(session_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  void hang_up() override {
    session_.reset();
    Peer::hang_up();
  }

 protected:
  ssize_t give(std::string_view bytes) override {
    return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  ssize_t take(char* buffer, std::size_t size) override {
    return SSL_read(session_.get(), buffer, static_cast<int>(size));
  }

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> session_;
};
