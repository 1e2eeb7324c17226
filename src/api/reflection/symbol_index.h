// What reflection answers with: the files behind the served methods, by name, by symbol and by extension, serialised
// once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "call/method.h"
#include "google/protobuf/descriptor.h"

namespace sluice {

// Exact names only: protobuf's own pool looks for every prefix of a name, which takes seconds for one of many dots.
// Immutable once filled; then of any thread.
class SymbolIndex {
 public:
  struct File {
    const google::protobuf::FileDescriptor* descriptor = nullptr;
    std::string bytes;                 // of its FileDescriptorProto
    std::vector<const File*> imports;  // direct ones
  };

  // The files of all methods, what they import, and those of error details and of method options.
  void Add(const MethodTable& methods);

  // Null when there is none.
  const File* FindFile(std::string_view name) const { return Find(files_, name); }
  const File* FindSymbol(std::string_view name) const { return Find(symbols_, name); }
  const File* FindExtension(std::string_view type, int number) const;
  // Nothing when there is no such type.
  const std::vector<int>* ExtensionsOf(std::string_view type) const;
  const std::vector<std::string>& services() const { return services_; }

 private:
  using FileMap = absl::flat_hash_map<std::string, const File*>;
  static const File* Find(const FileMap& map, std::string_view name);

  const File* AddFile(const google::protobuf::FileDescriptor& descriptor);
  void AddMessage(const google::protobuf::Descriptor& type, const File& file);
  void AddEnum(const google::protobuf::EnumDescriptor& type, const File& file);
  void AddExtension(const google::protobuf::FieldDescriptor& field, const File& file);

  std::vector<std::unique_ptr<File>> owned_;
  FileMap files_, symbols_;
  absl::flat_hash_map<std::string, std::vector<int>>
      extensions_;  // by extended type; empty for those that nobody extends
  absl::flat_hash_map<std::pair<std::string, int>, const File*> by_extension_;
  std::vector<std::string> services_;  // in order
};

}  // namespace sluice
