// Names a place in a JSON document or a message: "items[2].text".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::json {

// A link of the way from the root; links live on the stack of the walk, so naming a place costs nothing until an error.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;  // a key; null data for an index
  long index = -1;        // an array index; -1 for a key or the root
  int depth = 0;          // objects and arrays around this place

  Path Key(std::string_view key) const { return {this, key, -1, depth}; }
  Path Index(long i) const { return {this, {}, i, depth}; }

  // Empty for the root. Long keys are shortened.
  std::string ToString() const;
};

// The path of the value that holds byte `offset` of a JSON text that need not be valid. For error messages only.
std::string PathAt(std::string_view json, size_t offset);

}  // namespace sluice::json
