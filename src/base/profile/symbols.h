// Names of functions of this process: of the program from its own symbol table, of libraries as the linker knows them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice {

// A part of the address space that holds code.
struct CodeMapping {
  uint64_t begin = 0, end = 0, file_offset = 0;
  std::string file;  // without its folder
};
std::vector<CodeMapping> CodeMappings();

// Reads the program's file; milliseconds. Empty without a symbol table.
class Symbols {
 public:
  Symbols();
  // Demangled; empty: unknown.
  std::string NameOf(uint64_t address) const;

 private:
  struct Symbol {
    uint64_t begin, size;
    std::string name;
  };
  std::vector<Symbol> symbols_;  // by address
};

}  // namespace sluice
