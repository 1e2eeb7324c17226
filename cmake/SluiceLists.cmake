# sluice_list_headers(target): makes build/lists/parts.h, which includes the header of every part that src/door/lists.cc
# can name. A new part is found by its name, so it needs its folder and its line in a list, and no #include:
#
#   src/api/X/service.h   src/transport/X/codec.h   src/pipeline/X/task.h   src/engine/X/X_engine.h
#   src/admission/X/X.h   src/call/layers/X/X.h
function(sluice_list_headers target)
  set(src ${CMAKE_SOURCE_DIR}/src)
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${src}
    ${src}/api/*/service.h ${src}/transport/*/codec.h ${src}/pipeline/*/task.h
    ${src}/engine/*/*_engine.h ${src}/admission/*/*.h ${src}/call/layers/*/*.h)
  set(text "// Made by cmake/SluiceLists.cmake: what src/door/lists.cc can name.\n#pragma once\n")
  foreach(header ${headers})
    cmake_path(GET header PARENT_PATH folder)
    cmake_path(GET folder FILENAME part)
    cmake_path(GET header FILENAME name)
    if(name MATCHES "^(service|codec|task|${part}|${part}_engine)\\.h$")
      string(APPEND text "#include \"${header}\"\n")
    endif()
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/lists/parts.h CONTENT "${text}" @ONLY)
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/lists)
endfunction()
