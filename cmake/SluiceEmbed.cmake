# sluice_embed(target file header name): compiles a file into `target` as `const std::string_view sluice::<name>`, which <header>
# declares. Built again when the file changes.
function(sluice_embed target file header name)
  set(out ${CMAKE_BINARY_DIR}/embed/${name}.cc)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${file} -DOUT=${out} -DHEADER=${header} -DNAME=${name} -P ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake
    DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/embed_file.cmake COMMENT "embed ${name}")
  target_sources(${target} PRIVATE ${out})
endfunction()
