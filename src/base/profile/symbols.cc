#include "base/profile/symbols.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>

#include "base/config/file.h"

namespace sluice {
namespace {

constexpr size_t kProgramBytesMax = size_t{1} << 30;

std::string Demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return status == 0 && text != nullptr ? text.get() : name;
}

// Where the program's file begins in memory.
uint64_t ProgramBase() {
  uint64_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uint64_t*>(out) = info->dlpi_addr;
        return 1;  // the first is the program
      },
      &base);
  return base;
}

// A T at `at` of the file; all zero when it is not inside.
template <typename T>
T Read(std::string_view file, uint64_t at) {
  T value{};
  if (at <= file.size() && file.size() - at >= sizeof value) std::memcpy(&value, file.data() + at, sizeof value);
  return value;
}

std::string_view Part(std::string_view file, uint64_t at, uint64_t size) {
  return at <= file.size() && file.size() - at >= size ? file.substr(at, size) : std::string_view();
}

}  // namespace

std::vector<CodeMapping> CodeMappings() {
  std::vector<CodeMapping> mappings;
  std::ifstream in("/proc/self/maps");
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string range, rights, offset, device, inode, file;
    words >> range >> rights >> offset >> device >> inode >> file;
    const size_t dash = range.find('-');
    if (rights.size() < 3 || rights[2] != 'x' || dash == std::string::npos || !file.starts_with('/')) continue;
    mappings.push_back({.begin = std::strtoull(range.c_str(), nullptr, 16),
                        .end = std::strtoull(range.c_str() + dash + 1, nullptr, 16),
                        .file_offset = std::strtoull(offset.c_str(), nullptr, 16),
                        .file = file.substr(file.rfind('/') + 1)});
  }
  return mappings;
}

Symbols::Symbols() {
  const auto read = ReadFile("/proc/self/exe", kProgramBytesMax);
  if (!read.ok()) return;
  const std::string_view file = *read;
  const auto head = Read<Elf64_Ehdr>(file, 0);
  if (!file.starts_with(ELFMAG) || head.e_ident[EI_CLASS] != ELFCLASS64) return;
  const uint64_t base = ProgramBase();
  for (int i = 0; i < head.e_shnum; ++i) {
    const auto section = Read<Elf64_Shdr>(file, head.e_shoff + static_cast<uint64_t>(i) * head.e_shentsize);
    if (section.sh_type != SHT_SYMTAB) continue;
    const auto names = Read<Elf64_Shdr>(file, head.e_shoff + uint64_t{section.sh_link} * head.e_shentsize);
    const std::string_view texts = Part(file, names.sh_offset, names.sh_size);
    const std::string_view table = Part(file, section.sh_offset, section.sh_size);
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.size(); at += sizeof(Elf64_Sym)) {
      const auto symbol = Read<Elf64_Sym>(table, at);
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_value == 0 || symbol.st_name >= texts.size()) continue;
      const std::string_view name = texts.substr(symbol.st_name);
      symbols_.push_back({.begin = base + symbol.st_value,
                          .size = symbol.st_size,
                          .name = std::string(name.substr(0, name.find('\0')))});
    }
  }
  std::sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) { return a.begin < b.begin; });
}

std::string Symbols::NameOf(uint64_t address) const {
  auto after = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                [](uint64_t a, const Symbol& symbol) { return a < symbol.begin; });
  if (after != symbols_.begin()) {
    const Symbol& symbol = *--after;
    if (address - symbol.begin < std::max<uint64_t>(symbol.size, 1)) return Demangled(symbol.name.c_str());
  }
  Dl_info info{};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): samples are numbers
  if (dladdr(reinterpret_cast<void*>(address), &info) == 0 || info.dli_sname == nullptr) return {};
  return Demangled(info.dli_sname);
}

}  // namespace sluice
