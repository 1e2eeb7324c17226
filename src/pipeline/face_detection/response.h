// Faces as the API's message.
#pragma once

#include <span>

#include "ai/inference/image_recognition.pb.h"
#include "pipeline/face_detection/box.h"

namespace sluice {

// Without `latency`.
ai::inference::RecognizeResponse ToResponse(std::span<const PixelBox> faces);

}  // namespace sluice
