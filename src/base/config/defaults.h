// defaults.yaml as compiled in (cmake/SluiceEmbed.cmake).
#pragma once

#include <string_view>

namespace sluice {

extern const std::string_view kDefaultConfigYaml;

}  // namespace sluice
