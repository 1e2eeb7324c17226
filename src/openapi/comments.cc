#include "openapi/comments.h"

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "google/protobuf/descriptor.pb.h"

namespace sluice::openapi {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::SourceCodeInfo;

// Where a location's path leads: {4, 0, 2, 1} is field 1 of message 0. "" for what has no comment of interest.
// Numbers of the path are field numbers of FileDescriptorProto, DescriptorProto and so on.
class NameWalk {
 public:
  explicit NameWalk(const FileDescriptorProto& file) : file_(file) {}

  std::string Of(const SourceCodeInfo::Location& location) {
    path_ = {location.path().begin(), location.path().end()};
    if (path_.size() < 2) return {};
    const std::string prefix = file_.package().empty() ? "" : file_.package() + ".";
    switch (path_[0]) {
      case FileDescriptorProto::kMessageTypeFieldNumber: return InMessage(file_.message_type(path_[1]), prefix, 2);
      case FileDescriptorProto::kEnumTypeFieldNumber: return InEnum(file_.enum_type(path_[1]), prefix, 2);
      case FileDescriptorProto::kServiceFieldNumber: return InService(prefix);
      default: return {};
    }
  }

 private:
  std::string InMessage(const DescriptorProto& message, const std::string& prefix, size_t at) {
    std::string name = prefix + message.name();
    if (path_.size() == at) return name;
    if (path_.size() < at + 2) return {};
    const int index = path_[at + 1];
    switch (path_[at]) {
      case DescriptorProto::kFieldFieldNumber:
        return path_.size() == at + 2 ? name + "." + message.field(index).name() : "";
      case DescriptorProto::kNestedTypeFieldNumber: return InMessage(message.nested_type(index), name + ".", at + 2);
      case DescriptorProto::kEnumTypeFieldNumber: return InEnum(message.enum_type(index), name + ".", at + 2);
      default: return {};
    }
  }

  // Values are siblings of their enum in protobuf's names; here they are below it.
  std::string InEnum(const EnumDescriptorProto& type, const std::string& prefix, size_t at) {
    std::string name = prefix + type.name();
    if (path_.size() == at) return name;
    if (path_.size() != at + 2 || path_[at] != EnumDescriptorProto::kValueFieldNumber) return {};
    return name + "." + type.value(path_[at + 1]).name();
  }

  std::string InService(const std::string& prefix) {
    const auto& service = file_.service(path_[1]);
    if (path_.size() == 2) return prefix + service.name();
    if (path_.size() != 4 || path_[2] != google::protobuf::ServiceDescriptorProto::kMethodFieldNumber) return {};
    return prefix + service.name() + "." + service.method(path_[3]).name();
  }

  const FileDescriptorProto& file_;
  std::vector<int> path_;
};

// Without the space that follows each "//".
std::string Clean(std::string_view comment) {
  std::string out;
  while (!comment.empty()) {
    const size_t end = std::min(comment.find('\n'), comment.size());
    std::string_view line = comment.substr(0, end);
    if (line.starts_with(' ')) line.remove_prefix(1);
    out += line;
    out += '\n';
    comment.remove_prefix(std::min(end + 1, comment.size()));
  }
  return std::string(absl::StripAsciiWhitespace(out));
}

}  // namespace

Comments::Comments(std::string_view descriptor_set) {
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromArray(descriptor_set.data(), static_cast<int>(descriptor_set.size()))) return;
  for (const FileDescriptorProto& file : set.file()) {
    NameWalk walk(file);
    for (const auto& location : file.source_code_info().location()) {
      const std::string& text =
          location.has_leading_comments() ? location.leading_comments() : location.trailing_comments();
      if (text.empty()) continue;
      if (std::string name = walk.Of(location); !name.empty()) by_name_[name] = Clean(text);
    }
  }
}

std::string_view Comments::Of(std::string_view full_name) const {
  const auto it = by_name_.find(ToAbsl(full_name));
  return it == by_name_.end() ? std::string_view() : it->second;
}

std::string_view Comments::SummaryOf(std::string_view full_name) const {
  const std::string_view all = Of(full_name);
  const size_t stop = std::min(all.find(". "), all.find(".\n"));
  const std::string_view first = all.substr(0, std::min(stop, all.find("\n\n")));
  return first.ends_with('.') ? first.substr(0, first.size() - 1) : first;
}

}  // namespace sluice::openapi
