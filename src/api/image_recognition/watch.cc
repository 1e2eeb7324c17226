#include "api/image_recognition/watch.h"

#include <utility>

#include "api/image_recognition/recognize.h"
#include "api/names.h"
#include "base/error.h"
#include "base/long_turn.h"
#include "base/strings.h"
#include "pipeline/image/mjpeg.h"

namespace sluice {

using ai::inference::RecognizeRequest;
using ai::inference::RecognizeResponse;
using ai::inference::WatchRecognizeRequest;

namespace {

// Searching a clip takes long enough to leave the loop.
constexpr size_t kChoreBytes = 64 << 10;

std::vector<std::string_view> SplitMjpeg(std::string_view clip, size_t most) {
  std::vector<std::string_view> pictures;
  MjpegSplitter splitter(clip);
  while (pictures.size() < most) {
    const auto picture = splitter.Next();
    if (!picture) break;
    pictures.push_back(*picture);
  }
  return pictures;
}

absl::Status TooMany(size_t frames_max) {
  return Error(Reason::BATCH_TOO_LARGE, StrCat("WatchRecognize accepts at most ", frames_max,
                                               " images per call; send the rest in another call"));
}

}  // namespace

WatchRecognizeHandler::WatchRecognizeHandler(Call& call, Pipeline& pipeline, const ImageRecognitionOptions& options)
    : call_(call),
      pipeline_(pipeline),
      options_(options),
      runner_(call, SubmitFrames(call, pipeline), [this](uint32_t sequence, RecognizeResponse answer) {
        if (sequence < static_cast<uint32_t>(request_.images_size())) {
          const auto& image = request_.images(static_cast<int>(sequence));
          if (image.has_id()) answer.set_id(image.id());
        }
        ready_.push_back(std::move(answer));
        Pump();
      }) {}

absl::Status WatchRecognizeHandler::Check() const {
  if (request_.images().empty() == request_.mjpeg().empty()) {
    return FieldError(Reason::INVALID_REQUEST, "images", "send either images in images or one clip in mjpeg");
  }
  if (static_cast<size_t>(request_.images_size()) > options_.frames_max) return TooMany(options_.frames_max);
  for (const auto& image : request_.images()) RETURN_IF_ERROR(CheckName("images.id", image.id()));
  return request_.has_min_confidence() ? CheckConfidence(request_.min_confidence()) : absl::OkStatus();
}

void WatchRecognizeHandler::OnMessage(MessagePtr message) {
  request_ = std::move(static_cast<WatchRecognizeRequest&>(*message));
  if (absl::Status status = Check(); !status.ok()) return call_.Fail(std::move(status));
  request_.mjpeg().empty() ? Pump() : Split();
}

void WatchRecognizeHandler::Split() {
  // The call, and with it the clip, lives as long as this does.
  auto split = [clip = std::string_view(request_.mjpeg()), most = options_.frames_max + 1] {
    return SplitMjpeg(clip, most);
  };
  if (request_.mjpeg().size() <= kChoreBytes) return OnClip(split());
  waits_for_clip_ = true;
  Task job = [this, call = call_.shared_from_this(), split]() mutable {
    Loop& loop = call->loop();
    loop.Post([this, call = std::move(call), clip = split()]() mutable {
      if (!call->done()) OnClip(std::move(clip));
    });
  };
  if (pipeline_.chores().TryPost(call_.chore_owner(), job)) return;
  call_.Fail(Error(Reason::OVERLOADED, "too many large clips are waiting to be split into images; retry later"));
}

void WatchRecognizeHandler::OnClip(std::vector<std::string_view> clip) {
  waits_for_clip_ = false;
  if (clip.empty()) {
    return call_.Fail(
        FieldError(Reason::INVALID_IMAGE, "mjpeg", "there is no JPEG in the clip; send JPEG files one after another"));
  }
  clip_ = std::move(clip);
  Pump();
}

std::optional<RecognizeRequest> WatchRecognizeHandler::Next() {
  RecognizeRequest request;
  request.set_model_id(request_.model_id());
  if (request_.has_min_confidence()) request.set_min_confidence(request_.min_confidence());
  if (!request_.mjpeg().empty()) {
    if (next_ == clip_.size()) return std::nullopt;
    request.set_image(std::string(clip_[next_]));
    return request;
  }
  if (next_ == static_cast<uint32_t>(request_.images_size())) return std::nullopt;
  auto& image = *request_.mutable_images(static_cast<int>(next_));
  request.set_image(std::move(*image.mutable_image()));
  if (image.has_min_confidence()) request.set_min_confidence(image.min_confidence());
  return request;
}

// A thousand images may be refused at once.
void WatchRecognizeHandler::PumpLater() {
  if (std::exchange(pump_posted_, true)) return;
  call_.loop().Post([this, call = call_.shared_from_this()] {
    pump_posted_ = false;
    if (!call->done()) Pump();
  });
}

void WatchRecognizeHandler::Pump() {
  if (waits_for_clip_ || std::exchange(pumping_, true)) return;  // a frame that is refused at once answers inside Start
  for (bool some = false; !call_.done() && call_.CanWrite(); some = true) {
    if (some && TurnIsLong(call_.loop())) {
      PumpLater();
      break;
    }
    if (!ready_.empty()) {
      for (const RecognizeResponse& answer : std::exchange(ready_, {})) call_.Send(answer);
      continue;
    }
    if (exhausted_ || runner_.in_work() >= options_.streams.window) break;
    auto request = Next();
    if (!request) {
      exhausted_ = true;
    } else if (next_ == options_.frames_max) {
      exhausted_ = true;
      end_ = TooMany(options_.frames_max);  // after the results of those that were accepted
    } else {
      runner_.Start(next_++, *std::move(request), call_.received());
    }
  }
  pumping_ = false;
  if (exhausted_ && ready_.empty() && runner_.in_work() == 0) call_.Finish(end_);
}

}  // namespace sluice
