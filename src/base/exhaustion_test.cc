#include "base/exhaustion.h"

#include <gtest/gtest.h>

#include <boost/system/system_error.hpp>
#include <csignal>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace sluice {
namespace {

// Where nobody catches it.
template <typename Exception>
void Throw(const Exception& exception) {
  EndInASentence();
  std::thread([&exception] { throw exception; }).join();
}

using testing::ExitedWithCode;

TEST(ExhaustionTest, WhatRanOutIsSaidInASentence) {
  EXPECT_EXIT(Throw(std::bad_alloc()), ExitedWithCode(1), "^sluice: cannot go on: out of memory; raise ulimit -v");
  EXPECT_EXIT(Throw(std::system_error(EAGAIN, std::generic_category())), ExitedWithCode(1), "a thread cannot be made");
  EXPECT_EXIT(Throw(boost::system::system_error(EMFILE, boost::system::system_category(), "epoll")), ExitedWithCode(1),
              "too many open files; raise ulimit -n");
  EXPECT_EXIT(Throw(std::system_error(EPERM, std::generic_category(), "x")), ExitedWithCode(1), "x: .*ulimit -a");
}

TEST(ExhaustionTest, ADefectAborts) {
  EXPECT_EXIT(Throw(std::logic_error("never")), testing::KilledBySignal(SIGABRT), "never");
}

}  // namespace
}  // namespace sluice
