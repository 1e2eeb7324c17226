#include "api/reflection/symbol_index.h"

#include <algorithm>
#include <memory>
#include <set>

#include "ai/inference/options.pb.h"
#include "base/strings.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sluice {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

void SymbolIndex::Add(const MethodTable& methods) {
  std::set<std::string> services;
  for (const auto& method : methods.all()) {
    services.insert(method->descriptor->service()->full_name());
    AddFile(*method->descriptor->file());
  }
  AddFile(*google::rpc::ErrorInfo::descriptor()->file());
  AddFile(*ai::inference::MethodOptions::descriptor()->file());
  AddFile(*google::rpc::Status::descriptor()->file());
  services_.assign(services.begin(), services.end());
}

const SymbolIndex::File* SymbolIndex::AddFile(const FileDescriptor& descriptor) {
  if (const File* known = FindFile(descriptor.name())) return known;
  File& file = *owned_.emplace_back(std::make_unique<File>());
  file.descriptor = &descriptor;
  google::protobuf::FileDescriptorProto proto;
  descriptor.CopyTo(&proto);
  file.bytes = proto.SerializeAsString();
  files_[descriptor.name()] = &file;
  for (int i = 0; i < descriptor.message_type_count(); ++i) AddMessage(*descriptor.message_type(i), file);
  for (int i = 0; i < descriptor.enum_type_count(); ++i) AddEnum(*descriptor.enum_type(i), file);
  for (int i = 0; i < descriptor.extension_count(); ++i) AddExtension(*descriptor.extension(i), file);
  for (int i = 0; i < descriptor.service_count(); ++i) {
    const auto& service = *descriptor.service(i);
    symbols_[service.full_name()] = &file;
    for (int j = 0; j < service.method_count(); ++j) symbols_[service.method(j)->full_name()] = &file;
  }
  for (int i = 0; i < descriptor.dependency_count(); ++i) file.imports.push_back(AddFile(*descriptor.dependency(i)));
  return &file;
}

void SymbolIndex::AddMessage(const Descriptor& type, const File& file) {
  symbols_[type.full_name()] = &file;
  extensions_[type.full_name()];
  for (int i = 0; i < type.field_count(); ++i) symbols_[type.field(i)->full_name()] = &file;
  for (int i = 0; i < type.oneof_decl_count(); ++i) symbols_[type.oneof_decl(i)->full_name()] = &file;
  for (int i = 0; i < type.nested_type_count(); ++i) AddMessage(*type.nested_type(i), file);
  for (int i = 0; i < type.enum_type_count(); ++i) AddEnum(*type.enum_type(i), file);
  for (int i = 0; i < type.extension_count(); ++i) AddExtension(*type.extension(i), file);
}

void SymbolIndex::AddEnum(const EnumDescriptor& type, const File& file) {
  symbols_[type.full_name()] = &file;
  for (int i = 0; i < type.value_count(); ++i) symbols_[type.value(i)->full_name()] = &file;
}

void SymbolIndex::AddExtension(const FieldDescriptor& field, const File& file) {
  symbols_[field.full_name()] = &file;
  const std::string& type = field.containing_type()->full_name();
  extensions_[type].push_back(field.number());
  by_extension_[{type, field.number()}] = &file;
}

const SymbolIndex::File* SymbolIndex::Find(const FileMap& map, std::string_view name) {
  const auto it = map.find(ToAbsl(name));
  return it == map.end() ? nullptr : it->second;
}

const SymbolIndex::File* SymbolIndex::FindExtension(std::string_view type, int number) const {
  const auto it = by_extension_.find(std::pair(std::string(type), number));
  return it == by_extension_.end() ? nullptr : it->second;
}

const std::vector<int>* SymbolIndex::ExtensionsOf(std::string_view type) const {
  const auto it = extensions_.find(ToAbsl(type));
  return it == extensions_.end() ? nullptr : &it->second;
}

}  // namespace sluice
