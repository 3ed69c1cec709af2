#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds every *Fuzz.swift of this folder with libFuzzer and AddressSanitizer into build/fuzz.
#   Tests/fuzz/build.sh [NAME ...]      all targets, or those named (Safetensors, Pickle, ...)
#   SWIFT_BACKTRACE=enable=no build/fuzz/PickleFuzz Tests/fuzz/corpus/Pickle -max_total_time=600
# A target links the modules that its first lines import, in the order of MODULES.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$root/build/fuzz
# Arrows point down: each module may import those before it.
MODULES=${MODULES:-"LiaeSystem LiaeTensor LiaeFormats"}
mkdir -p "$out"
flags="-O -g -sanitize=fuzzer,address -parse-as-library -package-name liae -I $out -I $root/Sources/CLiaeIntrinsics/include"

objects=
for module in $MODULES; do
  sources=$(find "$root/Sources/$module" -name '*.swift')
  # shellcheck disable=SC2086
  swiftc $flags -wmo -module-name "$module" -emit-module -emit-module-path "$out/$module.swiftmodule" \
    -emit-object -o "$out/$module.o" $sources
  objects="$objects $out/$module.o"
done

[ $# -gt 0 ] || set -- $(cd "$root/Tests/fuzz" && ls *Fuzz.swift | sed 's/Fuzz\.swift$//')
for name in "$@"; do
  # shellcheck disable=SC2086
  swiftc $flags -use-ld=lld -wmo -module-name "${name}Fuzz" -o "$out/${name}Fuzz" \
    "$root/Tests/fuzz/${name}Fuzz.swift" "$root/Tests/fuzz/Walk.swift" $objects
  echo "build/fuzz/${name}Fuzz"
done
