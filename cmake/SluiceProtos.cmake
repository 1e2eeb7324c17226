# Every .proto below proto/ becomes part of one library, and of build/descriptors.pb (comments included: OpenAPI and docs read them).
file(GLOB_RECURSE SLUICE_PROTOS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/proto/*.proto)
set(_gen ${CMAKE_BINARY_DIR}/gen)
file(MAKE_DIRECTORY ${_gen})
set(_out)
foreach(_p ${SLUICE_PROTOS})
  file(RELATIVE_PATH _rel ${CMAKE_SOURCE_DIR}/proto ${_p})
  string(REGEX REPLACE "\\.proto$" "" _stem ${_rel})
  add_custom_command(
    OUTPUT ${_gen}/${_stem}.pb.cc ${_gen}/${_stem}.pb.h
    COMMAND protobuf::protoc --cpp_out=${_gen} -I${CMAKE_SOURCE_DIR}/proto ${_p}
    DEPENDS ${_p} COMMENT "protoc ${_rel}")
  list(APPEND _out ${_gen}/${_stem}.pb.cc)
endforeach()
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/descriptors.pb
  COMMAND protobuf::protoc --include_imports --include_source_info --descriptor_set_out=${CMAKE_BINARY_DIR}/descriptors.pb
          -I${CMAKE_SOURCE_DIR}/proto ${SLUICE_PROTOS}
  DEPENDS ${SLUICE_PROTOS})
add_custom_target(sluice_descriptors ALL DEPENDS ${CMAKE_BINARY_DIR}/descriptors.pb)
add_library(sluice_proto STATIC ${_out})
target_include_directories(sluice_proto SYSTEM PUBLIC ${_gen})
target_link_libraries(sluice_proto PUBLIC protobuf::libprotobuf)
