#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds every *Fuzz.swift of this folder with libFuzzer and AddressSanitizer into build/fuzz.
#   Tests/fuzz/build.sh [NAME ...]      all targets, or those named (Safetensors, Pickle, ABI, ...)
#   SWIFT_BACKTRACE=enable=no build/fuzz/PickleFuzz Tests/fuzz/corpus/Pickle -max_total_time=600
# A target is NAME*.swift and Walk.swift, linked with MODULES.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$root/build/fuzz
[ $# -gt 0 ] || set -- $(cd "$root/Tests/fuzz" && ls *Fuzz.swift | sed 's/Fuzz\.swift$//')

# Arrows point down: each module may import those before it. The parsers need no kernels, the C ABI everything.
parsers="LiaeSystem LiaeTensor LiaeGraph LiaeFormats LiaeConvert"
kernels="LiaeKernels LiaeKernelsBaseline LiaeKernelsAVX2 LiaeKernelsAVX512"
case " $* " in
  *" ABI "*" Picture "*)
    MODULES=${MODULES:-"$parsers LiaeImageIO $kernels LiaeDispatch LiaeRuntime LiaePack LiaeOpening LiaeFrame LiaeSwap LiaeABI"} ;;
  *" Picture "*) MODULES=${MODULES:-"$parsers LiaeImageIO"} ;;
  *" ABI "*) MODULES=${MODULES:-"$parsers $kernels LiaeDispatch LiaeRuntime LiaePack LiaeOpening LiaeFrame LiaeSwap LiaeABI"} ;;
  *" Pack "*) MODULES=${MODULES:-"$parsers $kernels LiaeDispatch LiaeRuntime LiaePack"} ;;
  *) MODULES=${MODULES:-$parsers} ;;
esac
mkdir -p "$out/CLiaeIntrinsics"
# SwiftPM makes the same for itself.
echo "module CLiaeIntrinsics { umbrella \"$root/Sources/CLiaeIntrinsics/include\" export * }" \
  > "$out/CLiaeIntrinsics/module.modulemap"
common="-g -swift-version 6 -parse-as-library -package-name liae -I $out -I $out/CLiaeIntrinsics"
flags="$common -O -sanitize=fuzzer,address"
# As in Package.swift. The engine learns nothing from branches of kernels: they are checked, but not counted.
unchecked="$common -Ounchecked -enforce-exclusivity=unchecked -sanitize=address"

objects=
libraries=
case " $MODULES " in
  *" LiaeImageIO "*)
    echo "module CLiaeImage { umbrella \"$root/Sources/CLiaeImage/include\" export * }" \
      > "$out/CLiaeImage.modulemap"
    common="$common -Xcc -fmodule-map-file=$out/CLiaeImage.modulemap"
    flags="$common -O -sanitize=fuzzer,address"
    for source in "$root"/Sources/CLiaeImage/*.c; do
      object=$out/$(basename "$source" .c).o
      clang -g -O1 -fsanitize=fuzzer-no-link,address -I "$root/Sources/CLiaeImage/include" -c "$source" -o "$object"
      objects="$objects $object"
    done
    libraries="-lpng -ljpeg"
    ;;
esac
for module in $MODULES; do
  case $module in
    LiaeKernelsAVX2) chosen="$unchecked -Xcc -march=x86-64-v3 -D LIAE_AVX2" ;;
    LiaeKernelsAVX512) chosen="$unchecked -Xcc -march=x86-64-v4 -D LIAE_AVX512" ;;
    LiaeKernels*) chosen=$unchecked ;;
    *) chosen=$flags ;;
  esac
  sources=$(find "$root/Sources/$module" -name '*.swift')
  # shellcheck disable=SC2086
  swiftc $chosen -wmo -module-name "$module" -emit-module -emit-module-path "$out/$module.swiftmodule" \
    -emit-object -o "$out/$module.o" $sources
  objects="$objects $out/$module.o"
done

# The compiler leaves a module beside each program, in the folder where it runs.
cd "$out"
for name in "$@"; do
  # shellcheck disable=SC2086
  swiftc $flags -use-ld=lld -wmo -module-name "${name}Fuzz" -o "$out/${name}Fuzz" \
    "$root/Tests/fuzz/$name"*.swift "$root/Tests/fuzz/Walk.swift" $objects $libraries
  echo "build/fuzz/${name}Fuzz"
done
