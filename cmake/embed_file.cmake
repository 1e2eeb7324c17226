# Writes file IN as a C++ source OUT that defines sluice::NAME. Every byte is escaped, so any file will do.
# With GZIP: the file compressed, without the time of day in its header, so that the same file gives the same source.
if(GZIP)
  file(ARCHIVE_CREATE OUTPUT ${OUT}.gz PATHS ${IN} FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
  file(READ ${OUT}.gz hex HEX)
  string(SUBSTRING ${hex} 0 8 magic)
  string(SUBSTRING ${hex} 16 -1 rest)
  set(hex ${magic}00000000${rest})
else()
  file(READ ${IN} hex HEX)
endif()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
string(REPEAT "." 64 line)
string(REGEX REPLACE "(${line})" "\\1\"\n    \"" bytes "${bytes}")
file(WRITE ${OUT} "#include \"${HEADER}\"

namespace sluice {
namespace {
constexpr char kBytes[] =
    \"${bytes}\";
}  // namespace
constinit const std::string_view ${NAME}(kBytes, sizeof kBytes - 1);
}  // namespace sluice
")
