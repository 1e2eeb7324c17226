# Flags that every target of ours shares. Third-party code is never compiled here.
set(SLUICE_SANITIZE "" CACHE STRING "address,undefined | thread | empty")
option(SLUICE_TESTS "build the unit tests and the servers of tests/ (needs GoogleTest with gmock)" OFF)
option(SLUICE_FUZZ "build the fuzz targets of tests/fuzz (needs clang)" OFF)
option(SLUICE_BENCH "build the programs of bench/ (needs grpc++)" OFF)

# Clones in different folders share one cache, so the debug information, too, has paths relative to the root.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/ccache.sh ${CMAKE_SOURCE_DIR} ${CCACHE})
endif()
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

add_library(sluice_flags INTERFACE)
# Designated initialisers leave fields out on purpose; gcc calls that missing.
target_compile_options(sluice_flags INTERFACE -Wall -Wextra -Wnon-virtual-dtor -Wno-unused-parameter
  -Wno-missing-field-initializers -fno-omit-frame-pointer)
target_include_directories(sluice_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(sluice_flags INTERFACE SLUICE_VERSION="${PROJECT_VERSION}")

# A debug build of 100 units with -g3 fills a small machine; line tables are enough for a stack trace.
string(REPLACE "-g" "-g1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -g1")

if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
endif()
if(SLUICE_SANITIZE STREQUAL thread)
  # Seeing this macro, the headers of protobuf put two more fields into each map, which the distribution's library,
  # compiled without it, does not know: objects of two sizes. The one that wants it, libstdc++ (how shared_ptr counts),
  # has its own.
  add_compile_options(-U__SANITIZE_THREAD__ -D_GLIBCXX_TSAN=1)
endif()
# What nearly every file includes is parsed once: half of what a build costs. g++ only, whose way with it ccache
# understands; not under sanitizers, whose builds differ from room to room. The precompiled header alone exceeds the
# heap at which g++ begins to collect garbage, in vain: 400 MB are more than most files come to (8 % less CPU).
set(SLUICE_PCH OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND NOT SLUICE_SANITIZE)
  set(SLUICE_PCH ON)
  add_compile_options(-fpch-preprocess --param=ggc-min-heapsize=400000)
endif()
if(SLUICE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    message(FATAL_ERROR "SLUICE_FUZZ needs clang: cmake --preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
