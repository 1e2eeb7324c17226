// HTTP/1.1: bytes in → requests, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "transport/http/testing/h1_script.h"

namespace sluice::http {
namespace {

using H1SessionTest = H1Script;

TEST_F(H1SessionTest, ABodyMayBePutInItsPlaceInPartsOrWhole) {
  const auto put = [this](std::string_view bytes) {
    const std::span<char> place = session_->PlaceFor(bytes.size());
    const size_t fits = std::min(bytes.size(), place.size());
    std::copy_n(bytes.begin(), fits, place.begin());
    session_->Placed(fits);
    Flush();
    return fits;
  };
  EXPECT_EQ(session_->BodyExpected(), 0u);
  Receive("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhe");
  EXPECT_EQ(session_->BodyExpected(), 9u);
  EXPECT_EQ(put("llo"), 3u);
  Receive("!");
  EXPECT_EQ(put(""), 0u) << "the socket had nothing";
  EXPECT_EQ(put("world and the next request"), 5u) << "never beyond the body";
  EXPECT_EQ(session_->BodyExpected(), 0u);
  EXPECT_EQ(log_, "POST h/p body(he)placed(llo)body(!)placed()placed(world)end closed0 ");
  EXPECT_EQ(budget_.bytes(), 0u);
  Take();
  Receive(kGet);
  EXPECT_EQ(BodyOf(Take()), "ok");
  Receive("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(session_->BodyExpected(), 0u) << "chunks are parsed";
}

// Every request of a connection, its log and its answers must not depend on how the bytes are cut.
TEST_F(H1SessionTest, ByteByByteIsTheSameAsWhole) {
  const std::string stream = StrCat("\r\n", kGet,
                                    "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                                    "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                    "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n",
                                    kGet);
  const auto joined = [](std::string log) {
    for (size_t at; (at = log.find(")body(")) != std::string::npos;) log.erase(at, 6);
    return log;
  };
  Receive(stream);
  const std::string whole_log = joined(std::exchange(log_, {})), whole = Take();
  EXPECT_EQ(whole_log,
            "GET h/a?b=c end closed0 POST h/p body(hello)end closed0 POST h/c body(abcde)end closed0 GET h/a?b=c end "
            "closed0 ");
  session_ = NewH1Session(*this, limits_, budget_);
  for (const char byte : stream) Receive(std::string_view(&byte, 1));
  EXPECT_EQ(joined(log_), whole_log);
  EXPECT_EQ(Take(), whole);
}

struct BadRequest {
  const char* name;
  std::string bytes;
  int status;
};

TEST_F(H1SessionTest, WhatTwoServersCouldReadDifferentlyIsRefused) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  const BadRequest cases[] = {
      {"length and chunked", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked and length", start + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"two equal lengths", start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"list of lengths", start + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {"signed length", start + "Content-Length: +5\r\n\r\nhello", 400},
      {"hex length", start + "Content-Length: 0x5\r\n\r\nhello", 400},
      {"empty length", start + "Content-Length:\r\n\r\nhello", 400},
      {"huge length", start + "Content-Length: 99999999999999999999999\r\n\r\nhello", 400},
      {"identity", start + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"gzip, chunked", start + "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {"chunked, gzip", start + "Transfer-Encoding: chunked, gzip\r\n\r\n", 400},
      {"two encodings", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"xchunked", start + "Transfer-Encoding: xchunked\r\n\r\n", 400},
      {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"space before colon", start + "Content-Length : 5\r\n\r\nhello", 400},
      {"folded line", start + "X: a\r\n b\r\n\r\n", 400},
      {"folded length", start + "Content-Length:\r\n 5\r\n\r\nhello", 400},
      {"leading space", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"bare LF line", "GET / HTTP/1.1\nHost: h\n\n", 400},
      {"bare LF header", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
      {"bare CR", "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
      {"NUL", std::string("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n", 35), 400},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n", 400},
      {"host with path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", 400},
      {"host with user", "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n", 400},
      {"no target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"relative target", "GET abc HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"connect", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 405},
      {"version 2", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"version 0.9", "GET /\r\n\r\n", 400},
      {"other expectation", start + "Expect: money\r\nContent-Length: 1\r\n\r\n", 417},
      {"bad method", "G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"TLS on a plain port", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03", 400},
  };
  for (const BadRequest& bad : cases) {
    SCOPED_TRACE(bad.name);
    for (const bool whole : {true, false}) {
      session_ = NewH1Session(*this, limits_, budget_);
      log_.clear();
      if (whole) {
        Receive(bad.bytes + std::string(kGet));
      } else {
        for (const char byte : bad.bytes) Receive(std::string_view(&byte, 1));
      }
      const std::string answer = Take();
      EXPECT_EQ(answer.substr(0, 12), StrCat("HTTP/1.1 ", bad.status)) << answer;
      EXPECT_NE(answer.find("connection: close"), std::string::npos);
      EXPECT_EQ(answer.find("\nHTTP/1.1 "), std::string::npos) << "a second answer: " << answer;
      EXPECT_TRUE(session_->Finished());
      EXPECT_EQ(log_, "");
    }
  }
}

TEST_F(H1SessionTest, ABrokenChunkEndsTheExchange) {
  for (const char* chunk : {"zz\r\n", "5\r\nabcdeXX", "-1\r\n", "5\nabcde\r\n", "fffffffffffffffff\r\n"}) {
    SCOPED_TRACE(chunk);
    session_ = NewH1Session(*this, limits_, budget_);
    log_.clear();
    Receive(StrCat("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, "0\r\n\r\n"));
    EXPECT_NE(log_.find("closed3"), std::string::npos) << log_;
    EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 400");
    EXPECT_TRUE(session_->Finished());
  }
}

TEST_F(H1SessionTest, TooManyOrTooLargeHeadersAre431) {
  limits_.header_bytes_max = 1000;
  limits_.headers_max = 5;
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 5; ++i) many += "a: b\r\n";
  many += "\r\n";
  for (const std::string& bytes : {StrCat("GET / HTTP/1.1\r\nHost: h\r\nX: ", std::string(2000, 'x')), many,
                                   StrCat("GET /", std::string(2000, 'x'))}) {
    session_ = NewH1Session(*this, limits_, budget_);
    Receive(bytes);
    EXPECT_EQ(Take().substr(0, 12), "HTTP/1.1 431");
    EXPECT_TRUE(session_->Finished());
  }
}

TEST_F(H1SessionTest, PipelinedRequestsAreAnsweredOneAfterTheOther) {
  auto_answer_ = false;
  Receive(StrCat(kGet, "GET /second HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ(log_, "GET h/a?b=c end ");
  EXPECT_TRUE(session_->WantsRead());  // to see the client go
  handler_->Answer("1");
  Flush();
  EXPECT_EQ(log_, "GET h/a?b=c end closed0 GET h/second end ");
  Receive(std::string(20 << 10, '\r'));
  EXPECT_FALSE(session_->WantsRead());
  handler_->Answer("2");
  Flush();
  EXPECT_EQ(Take().find("HTTP/1.1 200"), 0u);
}

TEST_F(H1SessionTest, WhatNobodyWantsOfABodyMayBeSkipped) {
  EXPECT_LT(session_->ReadAtOnce(), SIZE_MAX) << "a head is awaited";
  on_exchange_ = [](Recorder& handler) { handler.Answer("no"); };
  Receive("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhel");
  EXPECT_EQ(BodyOf(Take()), "no");
  EXPECT_EQ(session_->Unwanted(), 7u);
  EXPECT_EQ(session_->BodyExpected(), 0u);
  session_->Skipped(4);
  EXPECT_EQ(session_->Unwanted(), 3u);
  session_->Skipped(3);
  EXPECT_EQ(session_->Unwanted(), 0u);
  on_exchange_ = {};
  Receive("POST /wanted HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(session_->Unwanted(), 0u);
  EXPECT_EQ(session_->ReadAtOnce(), SIZE_MAX);
  Receive("ok");
  EXPECT_EQ(log_, "POST h/small closed0 POST h/wanted body(ok)end closed0 ");
  EXPECT_EQ(budget_.bytes(), 0u);
}

TEST_F(H1SessionTest, AnAbsoluteTargetNamesTheHost) {
  Receive("GET http://Example.com:8000/x?y HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(log_.substr(0, 30), "GET Example.com:8000/x?y end c");
}

}  // namespace
}  // namespace sluice::http
