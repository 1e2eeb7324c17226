#include "repository/repository.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/strings.h"
#include "base/testing/temp_folder.h"
#include "engine/identity/identity_engine.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "repository/loader.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What is not protobuf is refused before an engine sees it.
const std::string kFine(
    "\x0a\x04"
    "fine"),
    kBroken(
        "\x0a\x06"
        "broken");

// Loads every file except those that say "broken"; computes like the identity engine.
class FileEngine final : public Engine {
  class Named final : public LoadedModel {
   public:
    explicit Named(std::string input) { signature_.inputs.push_back({.name = std::move(input)}); }
    const ModelSignature& signature() const override { return signature_; }
    absl::StatusOr<std::unique_ptr<Session>> NewSession() override { return absl::UnimplementedError("never run"); }

   private:
    ModelSignature signature_;
  };

 public:
  std::string_view name() const override { return "openvino"; }
  bool CanLoad(ModelFormat format) const override { return format == ModelFormat::kOnnx; }
  absl::StatusOr<std::shared_ptr<LoadedModel>> Load(std::shared_ptr<const ModelFiles> files,
                                                    const LoadOptions& options) override {
    if (files->main().bytes == kBroken) return Error(Reason::MODEL_FAILED, "cannot read the model file");
    {
      const std::lock_guard lock(mutex_);
      last_options = options;
    }
    if (input_name.empty()) return identity_->Load(nullptr, options);
    return std::make_shared<Named>(input_name);
  }
  LoadOptions last_options;  // not read during a load
  std::string input_name;    // of models that are loaded but never run

 private:
  std::mutex mutex_;
  std::unique_ptr<Engine> identity_ = MakeIdentityEngine();
};

class RepositoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "a");
    options_.roots = {(folder_ / "a").string()};
    options_.workers = 2;
  }

  void Write(const std::string& path, const std::string& text) {
    const fs::path file = folder_ / "a" / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void Load() {
    repository_ = std::make_unique<Repository>(options_, std::vector<Engine*>{&file_engine_, identity_.get()});
    EXPECT_TRUE(repository_->Load().ok());
  }
  // "id@version state" of each line.
  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const ModelInfo& info : repository_->List()) {
      lines.push_back(StrCat(info.id, "@", info.version, " ", ToString(info.state)));
    }
    return lines;
  }

  const TempFolder folder_;
  Repository::Options options_;
  FileEngine file_engine_;
  std::unique_ptr<Engine> identity_ = MakeIdentityEngine();
  std::unique_ptr<Repository> repository_;
};

TEST_F(RepositoryTest, FolderWithoutManifestIsATensorModel) {
  Write("plain/1/model.onnx", kFine);
  Write("notes/readme.txt", "no model");
  Load();
  const auto model = repository_->Resolve("plain");
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->name(), "plain@1");
  EXPECT_EQ((*model)->manifest().task(), "tensor");
  EXPECT_EQ((*model)->workers(), 2);
  EXPECT_NE(&(*model)->SessionFor(0), &(*model)->SessionFor(1));
  EXPECT_THAT(Lines(), ElementsAre("notes@ no_model", "plain@1 serving"));
}

TEST_F(RepositoryTest, TheDefaultVersionIsTheHighestNumber) {
  for (const char* version : {"2", "10", "9", "x", "01"}) Write(StrCat("m/", version, "/model.onnx"), kFine);
  Write("m/model.yaml", "versions: {policy: latest, count: 2}");
  Load();
  EXPECT_EQ((*repository_->Resolve("m"))->version(), "10");
  EXPECT_EQ((*repository_->Resolve("m", "9"))->version(), "9");
  const auto unknown = repository_->Resolve("m", "2");
  EXPECT_EQ(ReasonOf(unknown.status()), Reason::MODEL_NOT_FOUND);
  EXPECT_THAT(std::string(unknown.status().message()), HasSubstr("versions: 9, 10"));
}

TEST_F(RepositoryTest, VersionPoliciesAllAndList) {
  for (const char* version : {"1", "2", "3"}) {
    Write(StrCat("all/", version, "/model.onnx"), kFine);
    Write(StrCat("list/", version, "/model.onnx"), kFine);
  }
  Write("all/model.yaml", "versions: {policy: all}");
  Write("list/model.yaml", "versions: {policy: list, list: [1, 3]}");
  Load();
  EXPECT_THAT(Lines(),
              ElementsAre("all@1 serving", "all@2 serving", "all@3 serving", "list@1 serving", "list@3 serving"));
}

TEST_F(RepositoryTest, UnknownModelsAreNotFoundWithTheListOfThoseThatServe) {
  Write("a/1/model.onnx", kFine);
  Write("b/1/model.onnx", kFine);
  Write("weightless/model.yaml", "description: not fetched");
  Load();
  for (const char* id : {"nope", "weightless", ""}) {
    const absl::Status status = repository_->Resolve(id).status();
    EXPECT_EQ(ReasonOf(status), Reason::MODEL_NOT_FOUND);
    EXPECT_EQ(status.message(), ToAbsl(StrCat("model '", id, "' does not exist; models: a, b")));
  }
  EXPECT_EQ(repository_->Resolve("x\n'\"").status().message(), "model 'x?'\"' does not exist; models: a, b");
}

TEST_F(RepositoryTest, ABrokenModelDoesNotStopTheOthers) {
  Write("bad_file/1/model.onnx", kBroken);
  Write("bad_manifest/model.yaml", "what: is this");
  Write("bad_engine/model.yaml", "engine: tensorrt");
  Write("fine/1/model.onnx", kFine);
  Load();
  EXPECT_THAT(Lines(),
              ElementsAre("bad_engine@ failed", "bad_file@1 failed", "bad_manifest@ failed", "fine@1 serving"));
  EXPECT_THAT(repository_->List()[0].reason, HasSubstr("engines: auto, openvino, identity"));
  EXPECT_THAT(repository_->List()[2].reason, HasSubstr("model.yaml:1: unknown key 'what'"));
  EXPECT_EQ(ReasonOf(repository_->Resolve("bad_file").status()), Reason::MODEL_UNAVAILABLE);
  EXPECT_TRUE(repository_->Resolve("fine").ok());
}

TEST_F(RepositoryTest, WhatIsNotUtf8IsNotServedAndSaidInUtf8) {
  Write("bad\xff/1/model.onnx", kFine);
  Write("names/1/model.onnx", kFine);
  file_engine_.input_name = "x\xfe";
  Load();
  EXPECT_THAT(Lines(), ElementsAre("bad\xef\xbf\xbd@ failed", "names@1 failed"));
  EXPECT_THAT(repository_->List()[0].reason, HasSubstr("'bad\xef\xbf\xbd' is not a model id"));
  EXPECT_EQ(repository_->List()[1].reason,
            "the name of input 'x\xef\xbf\xbd' is not UTF-8; rename it where the model is exported");
}

TEST_F(RepositoryTest, ABrokenNewVersionLeavesTheOldOneServing) {
  Write("m/model.yaml", "versions: {policy: all}");
  Write("m/1/model.onnx", kFine);
  Write("m/2/model.onnx", kBroken);
  Load();
  EXPECT_EQ((*repository_->Resolve("m"))->version(), "1");
}

TEST_F(RepositoryTest, AliasesAreFollowedOnce) {
  Write("target/1/model.onnx", kFine);
  Write("alias/model.yaml", "description: the default\nalias_of: target");
  Write("chain/model.yaml", "alias_of: alias");
  Write("circle/model.yaml", "alias_of: circle");
  Load();
  EXPECT_EQ(*repository_->Resolve("alias"), *repository_->Resolve("target"));
  EXPECT_EQ(*repository_->Resolve("alias", "1"), *repository_->Resolve("target"));
  EXPECT_EQ(repository_->List()[0].handle, *repository_->Resolve("target"));
  EXPECT_EQ(ReasonOf(repository_->Resolve("chain").status()), Reason::MODEL_NOT_FOUND);
  EXPECT_EQ(ReasonOf(repository_->Resolve("circle").status()), Reason::MODEL_NOT_FOUND);
}

TEST_F(RepositoryTest, AnIdentityModelNeedsNoFile) {
  Write("echo/model.yaml", "engine: identity\nmax_batch: 4");
  Load();
  EXPECT_EQ((*repository_->Resolve("echo"))->name(), "echo@1");
}

TEST_F(RepositoryTest, ReadyWhileOneModelServesAndAnEchoCountsOnlyAlone) {
  Load();
  EXPECT_FALSE(repository_->ready()) << "nothing at all";
  Write("echo/model.yaml", "engine: identity");
  Load();
  EXPECT_TRUE(repository_->ready()) << "nothing but an echo";
  Write("bad/1/model.onnx", kBroken);
  Load();
  EXPECT_FALSE(repository_->ready()) << "every model failed";
  Write("name/model.yaml", "alias_of: echo");
  Load();
  EXPECT_FALSE(repository_->ready()) << "a second name is no model";
  Write("good/1/model.onnx", kFine);
  ASSERT_TRUE(repository_->LoadModel("good").ok());
  EXPECT_TRUE(repository_->ready()) << "one of them";
  ASSERT_TRUE(repository_->UnloadModel("good").ok());
  EXPECT_FALSE(repository_->ready());
}

TEST_F(RepositoryTest, TheManifestDecidesTheInputShape) {
  Write("m/1/model.onnx", kFine);
  Write("m/model.yaml", "input: {width: 320, height: 240}");
  Load();
  EXPECT_EQ(file_engine_.last_options.reshape.at(""), Shape({1, 3, 240, 320}));
  Manifest manifest = DefaultManifest();
  EXPECT_TRUE(ReshapeOf(manifest).empty());
  manifest.mutable_input()->set_width(8);
  manifest.mutable_input()->set_height(4);
  manifest.mutable_input()->set_layout(config::ImageInput::NHWC);
  manifest.set_max_batch(2);
  EXPECT_EQ(ReshapeOf(manifest).at(""), Shape({-1, 4, 8, 3}));
}

TEST_F(RepositoryTest, PrepareMayRefuseAVersion) {
  Write("a/1/model.onnx", kFine);
  Write("b/1/model.onnx", kFine);
  options_.prepare = [](ModelVersion& version) {
    return version.id() == "a" ? absl::InvalidArgumentError("its outputs do not fit") : absl::OkStatus();
  };
  Load();
  EXPECT_THAT(Lines(), ElementsAre("a@1 failed", "b@1 serving"));
  EXPECT_EQ(repository_->List()[0].reason, "its outputs do not fit");
}

TEST_F(RepositoryTest, FilesAreFoundBesideTheModelThenBesideTheManifest) {
  Write("m/1/model.onnx", kFine);
  Write("m/1/labels.txt", "new");
  Write("m/labels.txt", "old");
  Write("m/vocab.txt", "words");
  Load();
  const ModelHandle model = *repository_->Resolve("m");
  EXPECT_EQ(fs::path(model->FileNamed("labels.txt")), folder_ / "a/m/1/labels.txt");
  EXPECT_EQ(fs::path(model->FileNamed("vocab.txt")), folder_ / "a/m/vocab.txt");
  for (const char* name : {"nope.txt", "", "..", "../m/labels.txt", "/etc/passwd"})
    EXPECT_EQ(model->FileNamed(name), "") << name;
}

TEST_F(RepositoryTest, TheFirstRootWinsAndAMissingOneIsReported) {
  Write("m/1/model.onnx", kFine);
  Write("../b/m/2/model.onnx", kFine);
  Write("../b/n/1/model.onnx", kFine);
  options_.roots = {(folder_ / "absent").string(), (folder_ / "a").string(), (folder_ / "b").string()};
  repository_ = std::make_unique<Repository>(options_, std::vector<Engine*>{&file_engine_});
  EXPECT_THAT(std::string(repository_->Load().message()), HasSubstr("cannot list the folder"));
  EXPECT_THAT(Lines(), ElementsAre("m@1 serving", "n@1 serving"));
}

// A handle pins its version while the live set moves on.
TEST_F(RepositoryTest, ReloadingReplacesTheSetAndHandlesStay) {
  struct Flag final : Companion {
    explicit Flag(std::atomic<int>& c) : count(c) { ++count; }
    ~Flag() override { --count; }
    std::atomic<int>& count;
  };
  std::atomic<int> alive{0};
  options_.prepare = [&alive](ModelVersion& version) {
    version.set_companion(std::make_unique<Flag>(alive));
    return absl::OkStatus();
  };
  Write("m/1/model.onnx", kFine);
  Load();
  ModelHandle pinned = *repository_->Resolve("m");
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) ASSERT_TRUE(repository_->Resolve("m").ok());
  });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(repository_->Load().ok());
  stop = true;
  reader.join();
  EXPECT_NE(pinned, *repository_->Resolve("m"));
  EXPECT_EQ(alive, 2);
  pinned.reset();
  EXPECT_EQ(alive, 1);
  repository_.reset();
  EXPECT_EQ(alive, 0);
}

TEST_F(RepositoryTest, OneModelIsLoadedAgainAndTakenOutOfService) {
  Write("m/1/model.onnx", kFine);
  Write("other/1/model.onnx", kFine);
  Write("name/model.yaml", "alias_of: m");
  Load();
  const ModelHandle other = *repository_->Resolve("other"), first = *repository_->Resolve("m");

  ASSERT_TRUE(repository_->UnloadModel("m").ok());
  EXPECT_EQ(ReasonOf(repository_->Resolve("m").status()), Reason::MODEL_UNAVAILABLE);
  EXPECT_EQ(repository_->Resolve("name").status().message(), "model 'name' is unloaded; load it to use it");
  EXPECT_THAT(Lines(), ElementsAre("m@ unloaded", "name@ no_file", "other@1 serving"));

  Write("m/2/model.onnx", kFine);
  ASSERT_TRUE(repository_->LoadModel("m").ok());
  EXPECT_EQ((*repository_->Resolve("m"))->version(), "2");
  EXPECT_EQ(*repository_->Resolve("name"), *repository_->Resolve("m"));
  EXPECT_EQ(*repository_->Resolve("other"), other) << "the others stay as they are";
  EXPECT_EQ(first->version(), "1") << "pinned";
}

TEST_F(RepositoryTest, AModelDroppedInLaterIsLoadedAndABrokenOneLeavesTheOldServing) {
  Load();
  EXPECT_EQ(ReasonOf(repository_->LoadModel("late")), Reason::MODEL_NOT_FOUND);
  EXPECT_EQ(ReasonOf(repository_->UnloadModel("late")), Reason::MODEL_NOT_FOUND);
  EXPECT_EQ(ReasonOf(repository_->LoadModel("../a/late")), Reason::MODEL_NOT_FOUND);
  Write("late/1/model.onnx", kFine);
  ASSERT_TRUE(repository_->LoadModel("late").ok());
  const ModelHandle serving = *repository_->Resolve("late");

  Write("late/1/model.onnx", kBroken);
  const absl::Status failed = repository_->LoadModel("late");
  EXPECT_EQ(ReasonOf(failed), Reason::MODEL_FAILED);
  EXPECT_EQ(failed.message(), "model 'late' cannot be loaded: cannot read the model file");
  EXPECT_EQ(*repository_->Resolve("late"), serving);
}

// Every folder that is nearly right is named, with what to do.
TEST_F(RepositoryTest, WhatIsNotServedIsNamedWithWhatToDo) {
  Write("good/1/model.onnx", kFine);
  Write("wrong_name/1/resnet50.onnx", kFine);
  Write("upper/1/MODEL.ONNX", kFine);
  Write("no_version/model.onnx", kFine);
  Write("v/v1/model.onnx", kFine);
  Write("zero/01/model.onnx", kFine);
  Write("nested/1/model/model.onnx", kFine);
  Write("two words/1/model.onnx", kFine);
  Write("模型/1/model.onnx", kFine);
  Write("triton/1/resnet50.onnx", kFine);
  Write("triton/config.pbtxt", "name: \"triton\"");
  Write("manifest_only/model.yaml", "description: weights not fetched");
  Write("catalog_only/model.yaml", "description: weights not fetched");
  Write("catalog_bad/model.yaml", "description: weights in the wrong place");
  Write("catalog_bad/model.onnx", kFine);
  Write("catalog.yaml", "# a comment\n- id: catalog_only\n  for: optional\n- id: catalog_bad\n- id: good\n");
  Write("notes/readme.txt", "no model");
  Write("loose.onnx", kFine);
  Write(".hidden/1/resnet50.onnx", kFine);
  Write("lost+found/1/resnet50.onnx", kFine);
  fs::create_directories(folder_ / "a/empty/1");
  fs::create_symlink("/nowhere/at/all", folder_ / "a/broken");
  fs::create_symlink("circle", folder_ / "a/circle");
  fs::create_directories(folder_ / "a/broken_version");
  fs::create_symlink("nowhere", folder_ / "a/broken_version/1");
  Load();
  std::map<std::string, std::string> reasons;
  for (const ModelInfo& info : repository_->List()) {
    if (info.state != ModelState::kServing) reasons[info.id] = info.reason;
  }
  EXPECT_EQ(reasons["wrong_name"], "rename 1/resnet50.onnx to 1/model.onnx");
  EXPECT_EQ(reasons["upper"], "rename 1/MODEL.ONNX to 1/model.onnx");
  EXPECT_EQ(reasons["no_version"], "there is no version folder; move model.onnx to 1/model.onnx");
  EXPECT_EQ(reasons["v"], "folder v1 is not a version number such as 1; rename it to 1");
  EXPECT_EQ(reasons["zero"], "folder 01 is not a version number such as 1; rename it to 1");
  EXPECT_EQ(reasons["nested"], "the model file is nested too deeply; move 1/model/model.onnx to 1/model.onnx");
  EXPECT_THAT(reasons["two words"], HasSubstr("is not a model id"));
  EXPECT_THAT(reasons["模型"], HasSubstr("is not a model id"));
  EXPECT_THAT(reasons["triton"], HasSubstr("rename 1/resnet50.onnx to 1/model.onnx; config.pbtxt is ignored"));
  EXPECT_THAT(reasons["manifest_only"], HasSubstr("it has no model file"));
  EXPECT_EQ(reasons["catalog_only"], "its file has not been fetched: python3 tools/get_models.py catalog_only");
  EXPECT_EQ(reasons["catalog_bad"], "there is no version folder; move model.onnx to 1/model.onnx");
  EXPECT_EQ(FetchableIn(repository_->List()), "catalog_only") << "the others have another problem, or none";
  EXPECT_THAT(reasons["notes"], HasSubstr("it contains no model"));
  EXPECT_THAT(reasons["loose.onnx"], HasSubstr("a model is a folder"));
  EXPECT_THAT(reasons["empty"], HasSubstr("version folder 1 is empty"));
  EXPECT_EQ(reasons["broken"], "the link broken points to nothing");
  EXPECT_THAT(reasons["circle"], HasSubstr("the link circle cannot be followed"));
  EXPECT_EQ(reasons["broken_version"], "the link 1 points to nothing");
  EXPECT_EQ(reasons.count(".hidden") + reasons.count("lost+found") + reasons.count("good"), 0u);

  for (const auto& [id, reason] : reasons) {
    const absl::Status status = repository_->LoadModel(id);
    EXPECT_EQ(ReasonOf(status), Reason::MODEL_FAILED) << id;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason)) << id;
  }
}

TEST_F(RepositoryTest, AutoTakesTheFirstEngineThatLoadsWhereNothingIsTried) {
  struct Refuses final : Engine {
    std::string_view name() const override { return "first"; }
    bool CanLoad(ModelFormat) const override { return true; }
    absl::StatusOr<std::shared_ptr<LoadedModel>> Load(std::shared_ptr<const ModelFiles>, const LoadOptions&) override {
      return Error(Reason::MODEL_FAILED, "not implemented");
    }
  } refuses;
  Write("m/1/model.onnx", kFine);
  Write("bad/1/model.onnx", kBroken);
  Write("fixed/1/model.onnx", kFine);
  Write("fixed/model.yaml", "engine: first");
  Repository repository(options_, {&refuses, &file_engine_, identity_.get()});
  ASSERT_TRUE(repository.Load().ok());
  EXPECT_EQ((*repository.Resolve("m"))->engine(), "openvino");
  const std::vector<ModelInfo> lines = repository.List();
  EXPECT_EQ(lines[0].reason, "first: not implemented; openvino: cannot read the model file");
  EXPECT_EQ(lines[1].reason, "not implemented");
}

TEST_F(RepositoryTest, AVersionThatFailsAtAReloadLeavesTheOldOneOfItsNumber) {
  Write("m/model.yaml", "versions: {policy: all}");
  Write("m/1/model.onnx", kFine);
  Write("m/2/model.onnx", kFine);
  Load();
  const ModelHandle second = *repository_->Resolve("m", "2");
  Write("m/2/model.onnx", kBroken);
  Write("m/3/model.onnx", kBroken);
  const absl::Status status = repository_->LoadModel("m");
  EXPECT_EQ(
      status.message(),
      "model 'm' is only partly loaded: version 2: cannot read the model file; version 3: cannot read the model file");
  EXPECT_EQ(*repository_->Resolve("m", "2"), second);
  EXPECT_THAT(Lines(), ElementsAre("m@1 serving", "m@2 serving", "m@3 failed"));
}

TEST_F(RepositoryTest, LoadersSideBySideKeepTheOrder) {
  for (int i = 10; i < 40; ++i) Write(StrCat("m", i, "/1/model.onnx"), i % 3 == 0 ? kBroken : kFine);
  options_.loaders = 4;
  Load();
  const std::vector<ModelInfo> lines = repository_->List();
  ASSERT_EQ(lines.size(), 30u);
  for (int i = 10; i < 40; ++i) {
    EXPECT_EQ(lines[i - 10].id, StrCat("m", i));
    EXPECT_EQ(lines[i - 10].state, i % 3 == 0 ? ModelState::kFailed : ModelState::kServing);
  }
}

}  // namespace
}  // namespace sluice
