// Redis, as the rest of the program sees it: commands go out on the caller's loop, answers come back there, and a Redis
// that does not answer costs nobody more than the budget of one operation.
//
//   redis.Run(loop, {"GET", key}, [](absl::StatusOr<RedisReply> reply) { ... });
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace sluice {

class Loop;

// Lists are not needed yet, and break the connection.
struct RedisReply {
  enum class Kind { kNil, kText, kNumber } kind = Kind::kNil;
  std::string text;  // of a string or status
  int64_t number = 0;
};

// Thread-safe.
class Redis {
 public:
  using Words = std::initializer_list<std::string_view>;
  // An error that the server answers with is UNKNOWN; anything else is UNAVAILABLE, and then nobody knows whether the
  // command was carried out.
  using Done = absl::AnyInvocable<void(absl::StatusOr<RedisReply>)>;

  virtual ~Redis() = default;
  // Call it on `loop`; `done` is called there, once and not before this returns, unless the program ends first.
  // Commands of one loop reach the server in their order.
  virtual void Run(Loop& loop, Words words, Done done) = 0;
};

}  // namespace sluice
