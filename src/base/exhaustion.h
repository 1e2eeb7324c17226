// When the system has no more memory, threads or files to give, and nobody could catch that, as at the start: one
// sentence and exit status 1, instead of `terminate called` and a core.
#pragma once

namespace sluice {

// From now on, for exceptions of all threads. Others, which are defects, abort as ever.
void EndInASentence();

}  // namespace sluice
