// What a codec under test is made with: methods for the test to add, chores that wait to be run, a budget.
#pragma once

#include "base/budget.h"
#include "base/testing/fake_loop.h"
#include "base/testing/held_chores.h"
#include "call/layer.h"
#include "call/method.h"
#include "transport/context.h"

namespace sluice::transport {

struct CodecWorld {
  Context context(Options options = {}) {
    return {.methods = methods, .chain = chain, .chores = chores, .budget = budget, .options = options};
  }
  // Until nothing is left to do.
  void Work(FakeLoop& loop) {
    while (!chores.tasks.empty()) {
      chores.Run();
      loop.Run();
    }
  }

  MethodTable methods;
  Chain chain;
  HeldChores chores;
  Budget budget{1 << 30, 10};
};

}  // namespace sluice::transport
