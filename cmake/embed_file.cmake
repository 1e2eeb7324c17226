# Writes file IN as a C++ source OUT that defines sluice::NAME. Every byte is escaped, so any file will do.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" bytes "${hex}")
string(REGEX REPLACE "(................................................................)" "\\1\"\n    \"" bytes "${bytes}")
file(WRITE ${OUT} "#include \"${HEADER}\"

namespace sluice {
namespace {
constexpr char kBytes[] =
    \"${bytes}\";
}  // namespace
constinit const std::string_view ${NAME}(kBytes, sizeof kBytes - 1);
}  // namespace sluice
")
