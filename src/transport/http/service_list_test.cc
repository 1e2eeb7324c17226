#include "transport/http/service_list.h"

#include <gtest/gtest.h>

#include "base/testing/fake_loop.h"

namespace sluice::http {
namespace {

struct Served final : Serviced {
  void Service() override {
    ++served;
    if (again != nullptr) again->Add(*this);
    if (other != nullptr) list->Remove(*other);
  }
  int served = 0;
  ServiceList* again = nullptr;
  ServiceList* list = nullptr;
  Served* other = nullptr;
};

TEST(ServiceListTest, ServesEachOnceHoweverOftenAskedAndNeverTheRemoved) {
  FakeLoop loop;
  ServiceList list(loop);
  Served a, b, c;
  for (int i = 0; i < 3; ++i) list.Add(a);
  a.list = &list;
  a.other = &b;  // removed while its turn is about to come
  list.Add(b);
  list.Add(c);
  list.Remove(c);
  loop.Run();
  EXPECT_EQ(a.served, 1);
  EXPECT_EQ(b.served, 0);
  EXPECT_EQ(c.served, 0);
  list.Add(a);
  loop.Run();
  EXPECT_EQ(a.served, 2);
}

}  // namespace
}  // namespace sluice::http
