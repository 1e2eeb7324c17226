// ai.demo.TextPlay.
#pragma once

#include "call/method.h"

namespace sluice {

void RegisterTextPlay(MethodTable& methods);

}  // namespace sluice
