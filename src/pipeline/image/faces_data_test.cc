// The test images beside the repository (../shared/data/faces), where they are.
#include <gtest/gtest.h>

#include <regex>

#include "base/error.h"
#include "pipeline/image/decode.h"
#include "pipeline/image/testing/encode.h"

namespace sluice {
namespace {

const std::string kFolder = SLUICE_SOURCE_DIR "/../shared/data/faces";

struct BadFile {
  std::string name;
  std::string expect;
};

// bad.json is regular enough: "<name>": { ... "expect": "<answer>" ... }.
std::vector<BadFile> BadFiles() {
  std::string json = testing::ReadFile(kFolder + "/bad/bad.json");
  static const std::regex entry("\"([^\"]+)\": \\{[^}]*\"expect\": \"([^\"]+)\"");
  std::vector<BadFile> files;
  for (std::sregex_iterator it(json.begin(), json.end(), entry), end; it != end; ++it) {
    files.push_back({(*it)[1], (*it)[2]});
  }
  return files;
}

std::string AnswerOf(const absl::Status& status) {
  if (status.ok()) return "OK";
  return status.code() == absl::StatusCode::kInvalidArgument ? "INVALID_ARGUMENT" : status.ToString();
}

TEST(FacesDataTest, BrokenAndHostileFilesGetTheirAnswer) {
  std::vector<BadFile> files = BadFiles();
  if (files.empty()) GTEST_SKIP() << "skipped: no ../shared";
  for (const BadFile& bad : files) {
    std::string file = testing::ReadFile(kFolder + "/bad/" + bad.name);
    for (int target : {0, 320}) {
      Image image;
      ImageInfo info;
      absl::Status status = DecodeImage(file, {.target_width = target, .target_height = target}, image, info);
      EXPECT_NE(bad.expect.find(AnswerOf(status)), std::string::npos) << bad.name << ": " << status;
      EXPECT_LT(image.pixels.capacity(), 32u << 20) << bad.name;
    }
  }
}

TEST(FacesDataTest, EveryPictureDecodesToItsSize) {
  std::string json = testing::ReadFile(kFolder + "/faces.json");
  if (json.empty()) GTEST_SKIP() << "skipped: no ../shared";
  static const std::regex entry("\"file\": \"([^\"]+)\"[^}]*?\"width\": (\\d+)[^}]*?\"height\": (\\d+)");
  int pictures = 0;
  for (std::sregex_iterator it(json.begin(), json.end(), entry), end; it != end; ++it, ++pictures) {
    Image image;
    ImageInfo info;
    std::string path = kFolder + "/" + (*it)[1].str();
    absl::Status status =
        DecodeImage(testing::ReadFile(path), {.target_width = 320, .target_height = 320}, image, info);
    EXPECT_TRUE(status.ok()) << path << ": " << status;
    EXPECT_EQ(info.width, std::stoi((*it)[2])) << path;
    EXPECT_EQ(info.height, std::stoi((*it)[3])) << path;
  }
  EXPECT_GT(pictures, 40);
}

}  // namespace
}  // namespace sluice
