// The files that came with the program: a package has them in share/sluice, beside the folder that the program is in.
#pragma once

#include <string>

namespace sluice {

// Empty where there are none, as in a build folder.
std::string SharedFolder();

// "models" of the working directory; if there is no such folder, the models that came with the program.
std::string DefaultModels();

}  // namespace sluice
