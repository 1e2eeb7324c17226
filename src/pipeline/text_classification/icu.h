// Code points as ICU takes them.
#pragma once

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <string>

#include "base/check.h"

namespace sluice {

// `normalizer` and `error` as an icu::Normalizer2::get...Instance() gave them: its tables belong to every ICU.
inline icu::UnicodeString NormalizedByIcu(const icu::Normalizer2* normalizer, UErrorCode& error,
                                          const std::u32string& text) {
  const auto raw =
      icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()), static_cast<int32_t>(text.size()));
  SLUICE_CHECK(U_SUCCESS(error), "ICU lacks the tables of a normal form");
  icu::UnicodeString out = normalizer->normalize(raw, error);
  SLUICE_CHECK(U_SUCCESS(error), "ICU cannot normalise");
  return out;
}

}  // namespace sluice
