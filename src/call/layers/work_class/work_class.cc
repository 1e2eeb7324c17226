#include "call/layers/work_class/work_class.h"

#include <algorithm>

#include "base/error.h"
#include "base/strings.h"
#include "base/text.h"
#include "call/call.h"

namespace sluice {

Step WorkClassLayer::Enter(Call& call) {
  if (!call.method().work_class) return Step::kNext;
  const auto value = call.headers().Find("x-sluice-class");
  if (!value) return Step::kNext;
  const auto wanted = WorkClassNamed(*value);
  if (!wanted) {
    call.Fail(FieldError(Reason::INVALID_REQUEST, "x-sluice-class",
                         StrCat("x-sluice-class '", Excerpt(*value, 40), "' is not live, batch or background")));
    return Step::kStop;
  }
  call.work_class = std::max(call.work_class, *wanted);
  return Step::kNext;
}

}  // namespace sluice
