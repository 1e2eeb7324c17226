#include "transport/message_size.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "ai/inference/image_recognition.pb.h"
#include "ai/inference/testing/transcode.pb.h"
#include "ai/inference/text_classification.pb.h"
#include "inference/grpc_service.pb.h"

namespace sluice::transport {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Any message, of any size: lists are empty, short or long.
class Filler {
 public:
  explicit Filler(uint32_t seed) : random_(seed) {}

  void Fill(Message& message, int depth) {
    const auto* type = message.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& field = *type->field(i);
      if (!field.is_repeated()) {
        if (Below(2) == 0) Set(message, field, depth, /*many=*/false);
        continue;
      }
      const uint32_t count = Below(4) == 0 ? Below(depth > 0 ? 60 : 6) : Below(3);
      for (uint32_t n = 0; n < count; ++n) Set(message, field, depth, /*many=*/true);
    }
  }
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

 private:
  std::string Text() { return std::string(Below(6) == 0 ? Below(5000) : Below(40), 'x'); }

  void Set(Message& message, const FieldDescriptor& field, int depth, bool many) {
    const auto* r = message.GetReflection();
    const auto number = static_cast<int64_t>(random_());
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth == 0) return;
        return Fill(many ? *r->AddMessage(&message, &field) : *r->MutableMessage(&message, &field), depth - 1);
      case FieldDescriptor::CPPTYPE_STRING:
        return many ? r->AddString(&message, &field, Text()) : r->SetString(&message, &field, Text());
      case FieldDescriptor::CPPTYPE_INT64:
        return many ? r->AddInt64(&message, &field, number % 3) : r->SetInt64(&message, &field, number);
      case FieldDescriptor::CPPTYPE_UINT64:
        return many ? r->AddUInt64(&message, &field, 1) : r->SetUInt64(&message, &field, 1);
      case FieldDescriptor::CPPTYPE_INT32:
        return many ? r->AddInt32(&message, &field, 1) : r->SetInt32(&message, &field, -1);
      case FieldDescriptor::CPPTYPE_UINT32:
        return many ? r->AddUInt32(&message, &field, 1) : r->SetUInt32(&message, &field, 1);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return many ? r->AddFloat(&message, &field, 1) : r->SetFloat(&message, &field, 1);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return many ? r->AddDouble(&message, &field, 1) : r->SetDouble(&message, &field, 1);
      case FieldDescriptor::CPPTYPE_BOOL:
        return many ? r->AddBool(&message, &field, true) : r->SetBool(&message, &field, true);
      case FieldDescriptor::CPPTYPE_ENUM:
        return many ? r->AddEnumValue(&message, &field, 1) : r->SetEnumValue(&message, &field, 1);
    }
  }

  std::mt19937 random_;
};

size_t BoundOf(const Message& message) {
  return SizeWhenParsed(*message.GetDescriptor(), message.SerializeAsString()).bytes;
}

// As the type itself, and as one that knows none of its fields.
void CheckBound(const Message& message) {
  const std::string bytes = message.SerializePartialAsString();
  const inference::ServerLiveRequest nothing;
  for (const Message* type : {&message, static_cast<const Message*>(&nothing)}) {
    const std::unique_ptr<Message> parsed(type->New());
    ASSERT_TRUE(parsed->ParsePartialFromString(bytes));
    ASSERT_GE(SizeWhenParsed(*parsed->GetDescriptor(), bytes).bytes, parsed->SpaceUsedLong()) << message.DebugString();
  }
}

TEST(MessageSize, NeverLessThanTheMessageTakes) {
  const uint32_t seed = std::random_device()();
  RecordProperty("seed", std::to_string(seed));
  const inference::ModelInferRequest infer;
  const inference::ModelConfigResponse config;
  const ai::inference::WatchRecognizeRequest watch;
  const ai::inference::ClassifyRequest classify;
  const ai::inference::testing::Everything everything;
  const ai::inference::testing::Wide wide;
  for (const Message* prototype : {static_cast<const Message*>(&infer), static_cast<const Message*>(&config),
                                   static_cast<const Message*>(&watch), static_cast<const Message*>(&classify),
                                   static_cast<const Message*>(&everything), static_cast<const Message*>(&wide)}) {
    for (uint32_t i = 0; i < 300; ++i) {
      const std::unique_ptr<Message> message(prototype->New());
      Filler(seed + i).Fill(*message, 3);
      SCOPED_TRACE(seed + i);
      CheckBound(*message);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(MessageSize, OrdinaryMessagesAreNotFarOff) {
  ai::inference::ClassifyRequest texts;
  for (int i = 0; i < 100; ++i) texts.add_texts("特斯拉发布新款电动车,续航里程突破一千公里");
  EXPECT_LT(BoundOf(texts), 2 * texts.SpaceUsedLong());
  inference::ModelInferRequest tensors;
  tensors.set_model_name("echo");
  tensors.add_inputs()->add_shape(1 << 20);
  tensors.add_raw_input_contents(std::string(4 << 20, 'x'));
  EXPECT_LT(BoundOf(tensors), tensors.SpaceUsedLong() * 101 / 100);
  inference::ModelInferRequest typed;
  typed.add_inputs()->mutable_contents()->mutable_fp32_contents()->Resize(1 << 20, 0.5f);
  EXPECT_LT(BoundOf(typed), 3 * typed.SpaceUsedLong());
}

TEST(MessageSize, ABombIsFoundAtItsFirstBytes) {
  const auto& type = *inference::ModelInferRequest::descriptor();
  for (const std::string& unit : {std::string("\x2a\x00", 2), std::string("\x3a\x00", 2), std::string("\x22\x00", 2),
                                  std::string("\x7a\x00", 2), std::string("\x7b\x7c", 2)}) {
    std::string bytes;
    for (int i = 0; i < 100'000; ++i) bytes += unit;
    const MessageSize all = SizeWhenParsed(type, bytes);
    EXPECT_EQ(all.parts, 100'000u) << testing::PrintToString(unit);
    const auto parsed = std::make_unique<inference::ModelInferRequest>();
    ASSERT_TRUE(parsed->ParseFromString(bytes));
    EXPECT_GE(all.bytes, parsed->SpaceUsedLong());
    EXPECT_EQ(SizeWhenParsed(type, bytes, {.bytes = SIZE_MAX, .parts = 10}).parts, 11u) << "it went on";
  }
}

TEST(MessageSize, BrokenBytesEndTheScan) {
  const auto& type = *inference::ModelInferRequest::descriptor();
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += '\x7b';  // groups in groups
  EXPECT_LE(SizeWhenParsed(type, deep).parts, 101u);
  for (const std::string& bytes :
       {std::string("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11), std::string("\xff", 1), std::string("\x2a", 1),
        std::string("\x7c", 1), std::string("\x2f", 1)}) {
    EXPECT_LE(SizeWhenParsed(type, bytes).parts, 1u);
  }
}

}  // namespace
}  // namespace sluice::transport
