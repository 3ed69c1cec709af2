#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds every *Fuzz.swift of this folder with libFuzzer and AddressSanitizer into build/fuzz.
#   Tests/fuzz/build.sh [NAME ...]      all targets, or those named (Safetensors, Pickle, ABI, ...)
#   SWIFT_BACKTRACE=enable=no build/fuzz/PickleFuzz Tests/fuzz/corpus/Pickle -max_total_time=600
# A target is NAME*.swift and Walk.swift, linked with the modules that it needs and no others: the engine walks through the
# counters of all code that is linked, after each input.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
out=$root/build/fuzz
[ $# -gt 0 ] || set -- $(cd "$root/Tests/fuzz" && ls *Fuzz.swift | sed 's/Fuzz\.swift$//')

# Arrows point down: each module may import those before it.
parsers="LiaeSystem LiaeTensor LiaeGraph LiaeFormats LiaeConvert"
case $(uname -m) in
  x86_64) sets="LiaeKernelsAVX2 LiaeKernelsAVX512" ;;
  *) sets=LiaeKernelsNEON ;;
esac
kernels="LiaeKernels LiaeKernelsBaseline $sets LiaeDispatch LiaeConvolution"
frames="LiaeOpening LiaeFrame LiaeSwap LiaeABI"
training="LiaeText LiaeImageIO LiaeSamples LiaeTrain LiaeSynth LiaeSequence LiaeTrainingSession"
modules_of() {
  case $1 in
    ABI) echo "$parsers $kernels LiaeRuntime LiaePack $frames" ;;
    Pack) echo "$parsers $kernels LiaeRuntime LiaePack" ;;
    Picture) echo "$parsers LiaeImageIO" ;;
    Training* | Settings | LossPlot) echo "$parsers $kernels LiaeRuntime LiaePack $frames $training" ;;
    *) echo "$parsers" ;;
  esac
}
wanted=
for name in "$@"; do wanted="$wanted $(modules_of "$name")"; done

mkdir -p "$out"
# SwiftPM makes the same for itself.
common="-g -swift-version 6 -parse-as-library -package-name liae -I $out"
for module in CLiaeIntrinsics CLiaeProcess CLiaeImage; do
  echo "module $module { umbrella \"$root/Sources/$module/include\" export * }" > "$out/$module.modulemap"
  common="$common -Xcc -fmodule-map-file=$out/$module.modulemap"
done
for module in COpenBLAS CPNG CJPEG; do
  common="$common -Xcc -fmodule-map-file=$root/Sources/$module/module.modulemap"
done
libraries="libpng libjpeg zlib openblas"
# shellcheck disable=SC2086
common="$common $(pkg-config --cflags-only-I $libraries | sed 's/-I/-Xcc -I/g')"
flags="$common -O -sanitize=fuzzer,address"
# As in Package.swift. The engine learns nothing from branches of kernels: they are checked, but not counted.
unchecked="$common -Ounchecked -enforce-exclusivity=unchecked -sanitize=address"

for source in "$root"/Sources/CLiaeProcess/*.c "$root"/Sources/CLiaeImage/*.c; do
  clang -g -O1 -fsanitize=fuzzer-no-link,address -I "$(dirname "$source")/include" -c "$source" \
    -o "$out/$(basename "$source" .c).c.o"
done
for module in $parsers $kernels LiaeRuntime LiaePack $frames $training; do
  case " $wanted " in *" $module "*) ;; *) continue ;; esac
  case $module in
    LiaeKernelsAVX2) chosen="$unchecked -Xcc -march=x86-64-v3 -D LIAE_AVX2" ;;
    LiaeKernelsNEON) chosen="$unchecked -D LIAE_NEON" ;;
    LiaeKernelsAVX512) chosen="$unchecked -Xcc -march=x86-64-v4 -D LIAE_AVX512" ;;
    LiaeKernels*) chosen=$unchecked ;;
    *) chosen=$flags ;;
  esac
  sources=$(find "$root/Sources/$module" -name '*.swift')
  # shellcheck disable=SC2086
  swiftc $chosen -wmo -module-name "$module" -emit-module -emit-module-path "$out/$module.swiftmodule" \
    -emit-object -o "$out/$module.o" $sources
done

# The compiler leaves a module beside each program, in the folder where it runs.
cd "$out"
for name in "$@"; do
  objects="$out/reserve.c.o"
  linked=
  for module in $(modules_of "$name"); do
    objects="$objects $out/$module.o"
    [ "$module" != LiaeImageIO ] || {
      objects="$objects $(ls "$out"/jpeg*.c.o "$out"/png*.c.o "$out"/zlib*.c.o | tr '\n' ' ')"
      # shellcheck disable=SC2086
      linked=$(pkg-config --libs $libraries)
    }
  done
  # shellcheck disable=SC2086
  swiftc $flags -use-ld=lld -wmo -module-name "${name}Fuzz" -o "$out/${name}Fuzz" \
    "$root/Tests/fuzz/$name"*.swift "$root/Tests/fuzz/Walk.swift" $objects $linked
  echo "build/fuzz/${name}Fuzz"
done
