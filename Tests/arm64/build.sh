#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles the kernels, the runtime and a driver for arm64 Linux: build/arm64/test-arm64.
#   Tests/arm64/build.sh [MODULE ...]    further modules are compiled too, and not linked: LiaeFormats LiaeFrame LiaeSwap
#
# Swift's toolchain for x86-64 has no standard library for arm64 Linux. It has Embedded Swift's for bare arm64, which is
# linked here with the C library of the cross compiler. Key paths, which Embedded Swift lacks, become closures in copies of
# the sources; Embedded/ has the rest.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$PWD/build/arm64
here=$PWD/Tests/arm64
swift=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
mkdir -p "$out"

for module in CLiaeIntrinsics CLiaeProcess; do
  echo "module $module { umbrella \"$PWD/Sources/$module/include\" export * }" > "$out/$module.modulemap"
done
echo "module CGlibc [system] { header \"$here/Embedded/CGlibc.h\" export * }" > "$out/CGlibc.modulemap"
glibc=$(dirname "$(find -L "$swift/lib/swift/linux" -name SwiftGlibc.h | head -n 1)")
flags=(-enable-experimental-feature Embedded -target aarch64-none-none-elf -package-name liae -swift-version 6 -wmo -I "$out")
for option in -fPIC -D_GNU_SOURCE -D__linux__ -isystem /usr/aarch64-linux-gnu/include -I "$glibc" \
  -fmodule-map-file="$out"/{CLiaeIntrinsics,CLiaeProcess,CGlibc}.modulemap; do
  flags+=(-Xcc "$option")
done

objects=()
# compile MODULE FLAG... -- FILE-OR-FOLDER...
compile() {
  local module=$1 chosen=()
  shift
  while [ "$1" != -- ]; do chosen+=("$1") && shift; done
  shift
  rm -rf "$out/$module" && mkdir -p "$out/$module"
  find -L "$@" -name '*.swift' -exec cp {} "$out/$module" \;
  # .map(\.name) becomes .map({ $0.name }).
  sed -i -E 's/\(\\\.([A-Za-z0-9_.]+)\)/({ $0.\1 })/g' "$out/$module"/*.swift
  objects+=("$out/$module.o")
  swiftc "${flags[@]}" "${chosen[@]}" -module-name "$module" -emit-module -emit-module-path "$out/$module.swiftmodule" \
    -emit-object -o "$out/$module.o" "$out/$module"/*.swift
}

unchecked=(-parse-as-library -Ounchecked -enforce-exclusivity=unchecked)
library=(-parse-as-library -O)
compile Glibc "${library[@]}" -- "$here/Embedded/Glibc.swift"
compile LiaeKernels "${unchecked[@]}" -- Sources/LiaeKernels
compile LiaeKernelsBaseline "${unchecked[@]}" -- Sources/LiaeKernelsBaseline
compile LiaeKernelsNEON "${unchecked[@]}" -DLIAE_NEON -- Sources/LiaeKernelsNEON
# Not optimised: swiftc 6.3 ends with an assertion in CrossModuleOptimization.
compile LiaeSystem -parse-as-library -Onone -- Sources/LiaeSystem "$here/Embedded/Substitutes.swift"
for module in LiaeTensor LiaeGraph LiaeDispatch LiaeConvolution LiaeRuntime; do
  compile "$module" "${library[@]}" -- "Sources/$module"
done
compile LiaeKernelsReference "${library[@]}" -- Sources/LiaeKernelsReference/{Conv2D,CosineActivation,DepthToSpace,LeakyReLU}.swift
compile LiaeTestSupport "${library[@]}" -- \
  Tests/LiaeTestSupport/{Comparison,GoldenTolerance,GuardedBuffer,Random,StoredNetwork,StoredValues,Tensors}.swift
compile driver -O -- Tests/LiaeKernelsTests/{ConvolutionCase,KernelCases,KernelCases+Segmentation}.swift \
  Tests/LiaeRuntimeTests/{Canvas,Runs}.swift "$here/main.swift"

linked=("${objects[@]}")
for module in "$@"; do compile "$module" "${library[@]}" -- "Sources/$module"; done

aarch64-linux-gnu-gcc -O2 -fPIE -I Sources/CLiaeProcess/include -c Sources/CLiaeProcess/reserve.c -o "$out/reserve.o"
aarch64-linux-gnu-gcc -static-pie -fPIE "${linked[@]}" "$out/reserve.o" \
  "$swift/lib/swift/embedded/aarch64-none-none-elf/libswiftUnicodeDataTables.a" -lm -lpthread -o "$out/test-arm64"
