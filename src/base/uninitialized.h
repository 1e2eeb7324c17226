// A string that grows without its new bytes being written, for who fills them at once: zeroing a megabyte costs as much
// as reading it. libstdc++ has no public way before C++23 (resize_and_overwrite); this is the one of Folly's
// UninitializedMemoryHacks: an explicit instantiation may name a private member.
#pragma once

#include <cstddef>
#include <string>

namespace sluice {

#if defined(__GLIBCXX__) && __cplusplus <= 202002L

template <typename Tag, auto kMember>
struct PrivateMember {
  friend constexpr auto MemberOf(Tag) { return kMember; }
};
struct StringLength {
  friend constexpr auto MemberOf(StringLength);
};
template struct PrivateMember<StringLength, &std::string::_M_set_length>;

inline void ResizeUninitialized(std::string& to, size_t size) {
  if (size > to.capacity()) to.reserve(size);
  (to.*MemberOf(StringLength()))(size);
}

#else

inline void ResizeUninitialized(std::string& to, size_t size) { to.resize(size); }

#endif

}  // namespace sluice
