# A room is a folder below src/: all its *.cc (its *_test.cc and *_bench.cc apart) make one library `sluice_<room>`,
# its *_test.cc one program `<room>_test`. A new file needs no line here.
#   SOURCES  what makes the room, instead of the folder of its name (the door: cli/ is part of it)
#   TEST_DEPS  what only its tests need
#   COLD       no request passes through it: less optimised, and compiled in less time
function(sluice_room name)
  cmake_parse_arguments(R "COLD" "" "DEPS;TEST_DEPS;SOURCES" ${ARGN})
  set(all ${R_SOURCES})
  if(NOT all)
    file(GLOB_RECURSE all CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  endif()
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(sources)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.h)
    add_library(sluice_${name} STATIC ${sources})
    target_sources(sluice_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}/src FILES ${headers})
    target_link_libraries(sluice_${name} PUBLIC sluice_flags ${R_DEPS})
  else()
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE sluice_flags ${R_DEPS})
  endif()
  if(sources)
    sluice_precompiled(sluice_${name})
    if(R_COLD AND CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
      target_compile_options(sluice_${name} PRIVATE -O1)
    endif()
  endif()
  if(tests AND SLUICE_TESTS)
    add_executable(${name}_test ${tests})
    sluice_precompiled(${name}_test)
    target_link_libraries(${name}_test PRIVATE
      sluice_${name} ${R_TEST_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name}_test COMMAND ${name}_test)
    set_tests_properties(${name}_test PROPERTIES TIMEOUT 300 LABELS unit)
    add_dependencies(unit_tests ${name}_test)
  endif()
endfunction()

# The headers that nearly every file includes, as one precompiled header: base makes it, the others take it.
function(sluice_precompiled target)
  if(NOT SLUICE_PCH)
    return()
  endif()
  if(target STREQUAL sluice_base)
    target_precompile_headers(sluice_base PRIVATE
      <algorithm> <array> <chrono> <deque> <functional> <map> <memory> <mutex>
      <optional> <span> <stop_token> <string> <string_view> <utility> <vector> <absl/container/flat_hash_map.h>
      <absl/container/inlined_vector.h> <absl/functional/any_invocable.h> <absl/status/statusor.h>
      <absl/strings/str_cat.h>
      <google/protobuf/descriptor.h> <google/protobuf/map_field_inl.h> <google/protobuf/message.h> <base/error.h>)
  else()
    target_precompile_headers(${target} REUSE_FROM sluice_base)
  endif()
endfunction()

# The files of /docs. The viewer (Swagger UI) comes with a Python package that tools/setup.sh installs; without it the
# page says so, and everything else works.
function(sluice_docs_page)
  set(header openapi/docs_files.h)
  set(page ${CMAKE_SOURCE_DIR}/src/openapi/page)
  sluice_embed(sluice_openapi ${page}/docs.html ${header} kDocsHtml GZIP)
  sluice_embed(sluice_openapi ${page}/docs.js ${header} kDocsJs GZIP)
  set(packages ${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages)
  file(GLOB viewer ${packages}/drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist)
  if(NOT viewer)
    message(STATUS "no Swagger UI in .deps (tools/setup.sh brings it): /docs will only link to /openapi.json")
    set(viewer ${page}/without_viewer)
  endif()
  sluice_embed(sluice_openapi ${viewer}/swagger-ui-bundle.js ${header} kSwaggerUiJs GZIP)
  sluice_embed(sluice_openapi ${viewer}/swagger-ui.css ${header} kSwaggerUiCss GZIP)
  sluice_embed(sluice_openapi ${viewer}/LICENSE ${header} kSwaggerUiLicense GZIP)
endfunction()

# The files of the front page and of what will be below /console/.
function(sluice_console)
  set(header door/console_files.h)
  set(console ${CMAKE_SOURCE_DIR}/console)
  sluice_embed(sluice_door ${console}/index.html ${header} kConsoleIndex)
  sluice_embed(sluice_door ${console}/front.js ${header} kConsoleScript GZIP)
  sluice_embed(sluice_door ${console}/front.css ${header} kConsoleStyle GZIP)
  sluice_embed(sluice_door ${console}/astronaut.jpg ${header} kConsoleAstronaut)
endfunction()

# Lower levels first: the order is the include direction (tools/levels.py checks the includes themselves).
function(sluice_rooms)
  set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)  # target all_verify_interface_header_sets: every header compiles alone
  add_custom_target(unit_tests)  # every <room>_test
  sluice_room(base TEST_DEPS sluice_test_proto
    DEPS sluice_proto sluice_asio absl::status absl::statusor absl::strings absl::str_format absl::cord absl::time
      absl::flat_hash_map absl::flat_hash_set absl::inlined_vector absl::any_invocable
      spdlog::spdlog prometheus-cpp::core yaml-cpp PkgConfig::HIREDIS)
  sluice_embed(sluice_base ${CMAKE_SOURCE_DIR}/src/base/config/defaults.yaml base/config/defaults.h kDefaultConfigYaml)
  sluice_room(engine DEPS sluice_base openvino::runtime ${CMAKE_DL_LIBS})
  sluice_room(call DEPS sluice_base)
  sluice_room(json DEPS sluice_base simdjson::simdjson TEST_DEPS sluice_test_proto)
  sluice_room(repository DEPS sluice_engine)
  sluice_room(scheduler DEPS sluice_base)
  sluice_room(admission DEPS sluice_call sluice_repository sluice_scheduler)
  sluice_room(pipeline DEPS sluice_admission PkgConfig::TURBOJPEG PkgConfig::JPEG PkgConfig::SPNG PkgConfig::WEBP
    PkgConfig::SOXR PkgConfig::ICU)
  sluice_room(api DEPS sluice_pipeline TEST_DEPS sluice_transport)
  sluice_room(openapi COLD DEPS sluice_call sluice_json TEST_DEPS sluice_test_proto)
  sluice_embed(sluice_openapi ${CMAKE_BINARY_DIR}/descriptors.pb openapi/comments.h kDescriptorSet)
  sluice_docs_page()
  sluice_room(transport TEST_DEPS sluice_test_proto
    DEPS sluice_call sluice_json PkgConfig::NGHTTP2 PkgConfig::DEFLATE ZLIB::ZLIB)

  # The door (wiring, lists) and the client-side sub-commands are one library; main.cc alone is the program.
  file(GLOB_RECURSE door CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/door/*.cc ${CMAKE_SOURCE_DIR}/src/cli/*.cc)
  set(main ${CMAKE_SOURCE_DIR}/src/main.cc)
  sluice_room(door COLD SOURCES ${door} DEPS sluice_api sluice_openapi sluice_transport CLI11::CLI11)
  sluice_list_headers(sluice_door)
  sluice_console()
  if(EXISTS ${main})
    # Its allocator is jemalloc (main.cc has the options); a sanitizer brings its own. Nothing but malloc is used of it,
    # so the linker is told that it is needed.
    set(allocator -Wl,--push-state,--no-as-needed,${JEMALLOC_LINK_LIBRARIES},--pop-state)
    if(SLUICE_SANITIZE)
      set(allocator)
    endif()
    add_executable(sluice ${main})
    target_link_libraries(sluice PRIVATE ${allocator} sluice_door)
    # As tools/package.sh packs it: it looks for libraries in lib/sluice beside its own folder, those that they need
    # included (which RPATH does and RUNPATH does not), and no path of this machine is in it.
    add_executable(sluice_packaged EXCLUDE_FROM_ALL ${main})
    target_link_libraries(sluice_packaged PRIVATE ${allocator} sluice_door)
    target_link_options(sluice_packaged PRIVATE -Wl,--disable-new-dtags)
    set_target_properties(sluice_packaged PROPERTIES
      OUTPUT_NAME sluice RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/packaged
      BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/../lib/sluice")
  endif()
endfunction()
