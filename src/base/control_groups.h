// The control groups around this process (docker, Kubernetes, systemd), of both versions: where their files are.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sluice {

// Calls visit(folder, v2) for the process's own group of `controller` ("cpu", "memory") and each one around it that is
// seen here, version 1 and then 2. Reads files: not for a loop. `root` is put before /proc and the folders, so that
// tests can make a file system up.
void ForEachControlGroup(const std::string& root, std::string_view controller,
                         const std::function<void(const std::string& folder, bool v2)>& visit);

// What such a file says; "" when it cannot be read.
std::string GroupFile(const std::string& path);

}  // namespace sluice
