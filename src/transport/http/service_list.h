// Connections of one loop that have something to do before the turn ends. However often one is added, it is served
// once: this is what makes one write of many small answers. When many have much to do, the rest is served in later
// turns.
#pragma once

#include <vector>

#include "base/executor.h"

namespace sluice::http {

class ServiceList;

class Serviced {
 public:
  virtual ~Serviced() = default;

 private:
  friend class ServiceList;
  virtual void Service() = 0;
  bool listed_ = false;
};

class ServiceList {
 public:
  explicit ServiceList(Loop& loop) : loop_(loop) {}

  void Add(Serviced& one);
  // Before `one` is destroyed.
  void Remove(Serviced& one);

 private:
  void Run();
  void Serve();

  Loop& loop_;
  bool scheduled_ = false;  // Run or Serve will come
  std::vector<Serviced*> waiting_, running_;
};

}  // namespace sluice::http
