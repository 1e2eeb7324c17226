#include "pipeline/face_detection/response.h"

namespace sluice {

ai::inference::RecognizeResponse ToResponse(std::span<const PixelBox> faces) {
  ai::inference::RecognizeResponse response;
  response.mutable_faces()->Reserve(static_cast<int>(faces.size()));
  for (const PixelBox& box : faces) {
    auto* face = response.add_faces();
    face->set_x(box.x);
    face->set_y(box.y);
    face->set_width(box.width);
    face->set_height(box.height);
    face->set_confidence(box.confidence);
  }
  return response;
}

}  // namespace sluice
