#include "engine/model_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using testing::HasSubstr;

class ModelFilesTest : public testing::Test {
 protected:
  ModelFilesTest() { std::filesystem::create_directory(folder_); }
  ~ModelFilesTest() override { std::filesystem::remove_all(folder_); }

  std::string Why() const { return std::string(ModelFiles::Read(model_).status().message()); }

  const std::string folder_ = StrCat(testing::TempDir(), "/model_files_", getpid());
  const std::string model_ = folder_ + "/model.onnx";
};

TEST_F(ModelFilesTest, BytesAreThoseOfTheFileWhateverHappensToItLater) {
  const std::string model = folder_ + "/model.tflite";
  std::ofstream(model) << "a model";
  const auto files = ModelFiles::Read(model);
  ASSERT_TRUE(files.ok()) << files.status();
  std::ofstream(model) << "another";
  EXPECT_EQ((*files)->main().bytes, "a model");
  EXPECT_EQ((*files)->main().name, "model.tflite");
}

TEST_F(ModelFilesTest, AnEmptyFileIsNamedAsSuch) {
  std::ofstream(model_).flush();
  EXPECT_THAT(Why(), HasSubstr("it is empty; copy it again"));
}

// A sparse one takes no disk at all; its copy in memory would.
TEST_F(ModelFilesTest, AFileThatMemoryDoesNotHoldIsRefusedUnread) {
  std::ofstream(model_).flush();
  std::filesystem::resize_file(model_, uint64_t{4} << 40);
  EXPECT_THAT(Why(), HasSubstr("bytes of memory are left"));
}

TEST_F(ModelFilesTest, WhatIsNoFileIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(model_.c_str(), 0600), 0);
  EXPECT_THAT(Why(), HasSubstr("not a regular file"));
  for (const char* const device : {"/dev/zero", "/dev/tty", "/"}) {
    std::filesystem::remove(model_);
    std::filesystem::create_symlink(device, model_);
    EXPECT_FALSE(ModelFiles::Read(model_).ok()) << device;
  }
}

// Half an old file and half a new one may load, and answer what neither would.
TEST_F(ModelFilesTest, AFileThatChangesWhileItIsReadIsRefused) {
  std::ofstream(folder_ + "/model.tflite") << std::string(4 << 20, 'x');
  const std::string model = folder_ + "/model.tflite";
  std::jthread writer([&model](const std::stop_token& stop) {
    for (int64_t i = 1; !stop.stop_requested(); ++i) {
      const timespec times[] = {{i, 0}, {i, 0}};
      utimensat(AT_FDCWD, model.c_str(), times, 0);
    }
  });
  absl::Status status;
  for (int i = 0; i < 10'000 && status.ok(); ++i) status = ModelFiles::Read(model).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("'model.tflite': it was changed while it was read"));
  writer = {};
  EXPECT_TRUE(ModelFiles::Read(model).ok());
}

}  // namespace
}  // namespace sluice
