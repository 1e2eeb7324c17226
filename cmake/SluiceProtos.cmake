# sluice_proto_library(name FOLDER dir [GRPC]): every .proto below the folder becomes part of one library. Each file is generated
# by itself, so that touching one rebuilds one. GRPC adds grpc++ stubs.
function(sluice_proto_library name)
  cmake_parse_arguments(P "GRPC" "FOLDER" "IMPORTS;DEPS" ${ARGN})
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS ${P_FOLDER}/*.proto)
  set(gen ${CMAKE_BINARY_DIR}/gen/${name})
  file(MAKE_DIRECTORY ${gen})
  list(TRANSFORM P_IMPORTS PREPEND -I OUTPUT_VARIABLE imports)
  set(suffix .pb)
  set(out --cpp_out=${gen})
  if(P_GRPC)
    set(suffix .grpc.pb)
    set(out --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} --grpc_out=${gen})
  endif()
  set(sources)
  foreach(proto ${protos})
    file(RELATIVE_PATH relative ${P_FOLDER} ${proto})
    string(REGEX REPLACE "\\.proto$" "${suffix}" stem ${gen}/${relative})
    add_custom_command(
      OUTPUT ${stem}.cc ${stem}.h
      COMMAND protobuf::protoc ${out} -I${P_FOLDER} ${imports} ${proto}
      DEPENDS ${proto} COMMENT "protoc ${relative}")
    list(APPEND sources ${stem}.cc)
  endforeach()
  add_library(${name} STATIC ${sources})
  # Generated code is not what the sanitizers are for, and takes a minute a file with them.
  if(SLUICE_SANITIZE)
    target_compile_options(${name} PRIVATE -fno-sanitize=all -O0)
  endif()
  # Most of what the compiler would do with it is lost on it: a third less time, no slower (a message of tensors, an image).
  target_compile_options(${name} PRIVATE -O1 -g0)
  if(SLUICE_PCH AND NOT P_GRPC)
    target_precompile_headers(${name} PRIVATE <google/protobuf/extension_set.h> <google/protobuf/generated_message_reflection.h>
      <google/protobuf/map_field_inl.h> <google/protobuf/message.h> <google/protobuf/reflection_ops.h> <google/protobuf/wire_format.h>)
  endif()
  target_include_directories(${name} SYSTEM PUBLIC ${gen})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf ${P_DEPS})
endfunction()

set(_proto ${CMAKE_SOURCE_DIR}/proto)
sluice_proto_library(sluice_proto FOLDER ${_proto})
# Messages that only tests, fuzz targets and benchmarks know.
set(_test_proto ${CMAKE_SOURCE_DIR}/tests/proto)
if(EXISTS ${_test_proto})
  sluice_proto_library(sluice_test_proto FOLDER ${_test_proto} IMPORTS ${_proto} DEPS sluice_proto)
  set_target_properties(sluice_test_proto PROPERTIES EXCLUDE_FROM_ALL ON)
endif()
if(SLUICE_BENCH)
  sluice_proto_library(sluice_proto_grpc FOLDER ${_proto} GRPC DEPS sluice_proto PkgConfig::GRPCPP)
  set_target_properties(sluice_proto_grpc PROPERTIES EXCLUDE_FROM_ALL ON)
endif()

# build/descriptors.pb holds all of proto/ with its comments, for what is generated from them (OpenAPI, docs, clients).
file(GLOB_RECURSE _protos CONFIGURE_DEPENDS ${_proto}/*.proto)
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/descriptors.pb
  COMMAND protobuf::protoc --include_imports --include_source_info --descriptor_set_out=${CMAKE_BINARY_DIR}/descriptors.pb
          -I${_proto} ${_protos}
  DEPENDS ${_protos})
add_custom_target(sluice_descriptors ALL DEPENDS ${CMAKE_BINARY_DIR}/descriptors.pb)
