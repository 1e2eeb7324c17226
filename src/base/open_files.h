// The limit of open files (ulimit -n), which bounds connections.
#pragma once

#include <cstddef>

namespace sluice {

// Raises the soft limit to the hard one, which needs no privilege. Returns what holds now.
size_t RaiseOpenFiles();

// Connections that a limit of `open_files` leaves room for, at least 1: models, logs, listeners and loops need some.
size_t ConnectionsFor(size_t open_files);

}  // namespace sluice
