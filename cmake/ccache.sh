#!/bin/sh
# ccache.sh ROOT CCACHE COMPILER ARGUMENT...: the compiler behind ccache, for the clone at ROOT. Clones in different
# folders share one cache: it sees paths relative to the root.
root=$1
shift
# What ccache asks for with precompiled headers (nothing of ours reads the time of compilation), and headers that protoc
# has only just written count, too. The inode cache spares it to read a precompiled header, 150 MB, for each file: a hit
# takes 0.1 s, not 1 s.
export CCACHE_BASEDIR="$root" CCACHE_NOHASHDIR=1 CCACHE_INODECACHE=1
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
# It takes a precompiled header that lies there for an input of the one that replaces it. That would be compiled anew,
# to other bytes each time, and with it everything.
for argument; do
  case $argument in *.gch) rm -f "$argument" ;; esac
done
exec "$@"
