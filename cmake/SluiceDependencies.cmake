# Where each library comes from: packages of the system (tools/packages.txt), except OpenVINO, which is the PyPI wheel that
# tools/setup.sh installs.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(absl REQUIRED)
find_package(simdjson REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
pkg_check_modules(SPNG REQUIRED IMPORTED_TARGET spng)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc icu-i18n)
# Not needed to run the server: without GoogleTest there are no unit tests, without grpc++ no benchmarks.
find_package(GTest)
if(SLUICE_BENCH)
  pkg_check_modules(GRPCPP REQUIRED IMPORTED_TARGET grpc++)
  find_program(GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
endif()

set(SLUICE_OPENVINO_CMAKE "" CACHE PATH "folder with OpenVINOConfig.cmake; empty = the wheel under .deps/venv")
if(NOT SLUICE_OPENVINO_CMAKE)
  file(GLOB _ov ${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages/openvino/cmake)
  set(SLUICE_OPENVINO_CMAKE ${_ov})
endif()
find_package(OpenVINO REQUIRED COMPONENTS Runtime PATHS ${SLUICE_OPENVINO_CMAKE} NO_DEFAULT_PATH)

# ONNX Runtime is opened at run time (engine/onnxruntime): from ../lib beside the program, else from here.
set(SLUICE_ONNXRUNTIME_FOLDER "" CACHE PATH "folder with libonnxruntime.so; empty = the wheel under .deps/venv")
if(NOT SLUICE_ONNXRUNTIME_FOLDER)
  file(GLOB _ort ${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages/onnxruntime/capi)
  set(SLUICE_ONNXRUNTIME_FOLDER ${_ort})
endif()
if(NOT SLUICE_ONNXRUNTIME_FOLDER)
  message(STATUS "no ONNX Runtime in .deps (tools/setup.sh brings it): the engine will not be available")
endif()

# Asio and Beast are header-only; their bodies are compiled once, in base/asio_impl.cc.
add_library(sluice_asio INTERFACE)
target_compile_definitions(sluice_asio INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
target_link_libraries(sluice_asio INTERFACE OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
