# sluice_embed(target file header name [GZIP]): compiles a file into `target` as `const std::string_view
# sluice::<name>`, which <header> declares; compressed with GZIP. Built again when the file changes.
function(sluice_embed target file header name)
  cmake_parse_arguments(E "GZIP" "" "" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/embed/${name}.cc)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${file} -DOUT=${out} -DHEADER=${header} -DNAME=${name} -DGZIP=${E_GZIP}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
    DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake COMMENT "embed ${name}")
  target_sources(${target} PRIVATE ${out})
endfunction()
