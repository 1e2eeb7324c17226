#include "base/exhaustion.h"

#include <unistd.h>

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>

namespace sluice {
namespace {

// Without memory of the heap, which may be what there is none of.
[[noreturn]] void End(const char* what, const char* look_at) {
  char text[512];
  const int size = snprintf(text, sizeof text, "sluice: cannot go on: %s; %s\n", what, look_at);
  if (size > 0) (void)!write(STDERR_FILENO, text, std::min<size_t>(static_cast<size_t>(size), sizeof text - 1));
  std::_Exit(1);
}

[[noreturn]] void End(int error, const char* what) {
  switch (error) {
    case EAGAIN: End("a thread cannot be made", "raise ulimit -u and ulimit -v, or pids.max of the control group");
    case ENOMEM: End("out of memory", "raise ulimit -v, or what the container may have");
    case EMFILE:
    case ENFILE: End("too many open files", "raise ulimit -n");
    default: End(what, "see the limits of the process (ulimit -a)");
  }
}

[[noreturn]] void OnTerminate() {
  if (const std::exception_ptr exception = std::current_exception()) {
    try {
      std::rethrow_exception(exception);
    } catch (const std::bad_alloc&) {
      End(ENOMEM, "");
    } catch (const std::system_error& error) {
      End(error.code().value(), error.what());
    } catch (const boost::system::system_error& error) {
      End(error.code().value(), error.what());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "sluice: a defect, please report it: %s\n", error.what());
    } catch (...) {
    }
  }
  std::abort();
}

}  // namespace

void EndInASentence() { std::set_terminate(OnTerminate); }

}  // namespace sluice
