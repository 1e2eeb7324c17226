// The files of /docs as compiled in, compressed with gzip (cmake/SluiceRooms.cmake).
#pragma once

#include <string_view>

namespace sluice {

extern const std::string_view kDocsHtml;
extern const std::string_view kDocsJs;
// Swagger UI, Apache-2.0; a stand-in when the build found none.
extern const std::string_view kSwaggerUiJs;
extern const std::string_view kSwaggerUiCss;
extern const std::string_view kSwaggerUiLicense;

}  // namespace sluice
