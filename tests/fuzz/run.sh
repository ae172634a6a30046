#!/bin/sh
# Builds and runs one fuzz target with clang's libFuzzer: tests/fuzz/run.sh <json_events|mapped_text> [seconds]
# What it finds is left in the build folder; new inputs do not go into the committed corpus by themselves.
set -eu
target=$1
seconds=${2:-60}
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${FUZZ_BUILD:-$root/build/fuzz}
mkdir -p "$build/$target"
cd "$root"
${CXX:-clang++-14} -std=c++20 -O1 -g -I. -DTOML_HEADER_ONLY=1 \
  -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  "tests/fuzz/${target}_fuzz.cpp" ingest/*.cpp core/event.cpp core/zone.cpp \
  -lsimdjson -ldate-tz -o "$build/${target}_fuzz"
cd "$build"
exec "./${target}_fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=5 \
  "$build/$target" "$root/tests/fuzz/corpus/$target"
