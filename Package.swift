// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import Foundation
import PackageDescription

// Kernels work on raw pointers that the runtime has checked; the checks that protect against outside data
// stay on in every other module (docs/decisions.md).
let kernelSettings: [SwiftSetting] = [.unsafeFlags(["-Ounchecked", "-enforce-exclusivity=unchecked"])]
// The entries of the kernels are one file, which each of these modules compiles for an instruction set: those of the
// processor that is built for, which is this machine's unless LIAE_ARCHITECTURE names it (x86_64, arm64).
#if arch(arm64)
  let thisMachine = "arm64"
#else
  let thisMachine = "x86_64"
#endif
func isa(_ module: String, _ name: String, _ flags: [String] = []) -> Target {
  .target(
    name: module, dependencies: ["LiaeKernels"], swiftSettings: kernelSettings + [.unsafeFlags(flags), .define(name)])
}
let instructionSets: [Target]
switch Context.environment["LIAE_ARCHITECTURE"] ?? thisMachine {
case "x86_64":
  instructionSets = [
    isa("LiaeKernelsAVX2", "LIAE_AVX2", ["-Xcc", "-march=x86-64-v3"]),
    isa("LiaeKernelsAVX512", "LIAE_AVX512", ["-Xcc", "-march=x86-64-v4"]),
  ]
// Other processors are named by the error in CLiaeIntrinsics.
default: instructionSets = [isa("LiaeKernelsNEON", "LIAE_NEON")]
}

// Allocations of the Swift runtime and of ours go through CLiaeProcess, which serves small ones from a reserve when memory
// runs out; and the library's Swift runtime does not see the environment variables that would make it print.
func wrapping(_ functions: [String]) -> [String] { functions.flatMap { ["-Xlinker", "--wrap=\($0)"] } }
let memoryReserve = wrapping([
  "malloc", "calloc", "realloc", "posix_memalign", "free", "malloc_usable_size", "_Znwm", "_ZnwmSt11align_val_t",
  "_ZdlPv",
  "_ZdlPvm", "_ZdlPvmSt11align_val_t",
])
// libstdc++ becomes a part of the program too, so that its strings come from there; and libliae.so needs no other C++ library.
let staticCXX = ["-L", "\(Context.packageDirectory)/pkgconfig/static"]
let quietRuntime = wrapping(["getenv", "environ", "__environ"])

// What libliae.so is made of beside the instruction sets, in the order of dependence.
let core: [Target] = [
  .target(name: "CLiaeIntrinsics"),
  .target(name: "CLiaeProcess"),
  .target(name: "LiaeSystem", dependencies: ["CLiaeIntrinsics", "CLiaeProcess"]),
  .target(name: "LiaeTensor", dependencies: ["LiaeSystem"]),
  .target(name: "LiaeGraph", dependencies: ["LiaeSystem", "LiaeTensor"]),
  .target(name: "LiaeFormats", dependencies: ["LiaeSystem", "LiaeTensor"]),
  .target(name: "LiaeConvert", dependencies: ["LiaeSystem", "LiaeTensor", "LiaeFormats", "LiaeGraph"]),
  .target(name: "LiaeKernels", dependencies: ["CLiaeIntrinsics"], swiftSettings: kernelSettings),
  .target(name: "LiaeKernelsBaseline", dependencies: ["LiaeKernels"], swiftSettings: kernelSettings),
  .target(
    name: "LiaeDispatch",
    dependencies: ["CLiaeIntrinsics", "LiaeSystem", "LiaeKernels", "LiaeKernelsBaseline"]
      + instructionSets.map { .byName(name: $0.name) }),
  .target(
    name: "LiaeConvolution",
    dependencies: ["LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeKernels", "LiaeDispatch"]),
  .target(
    name: "LiaeRuntime",
    dependencies: ["LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeKernels", "LiaeDispatch", "LiaeConvolution"]),
  .target(
    name: "LiaePack",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeFormats", "LiaeDispatch", "LiaeConvolution", "LiaeRuntime",
    ]),
  .target(
    name: "LiaeOpening",
    dependencies: ["LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeFormats", "LiaeConvert", "LiaeRuntime", "LiaePack"]),
  .target(name: "LiaeFrame", dependencies: ["LiaeSystem", "LiaeTensor"]),
  .target(name: "LiaeSwap", dependencies: ["LiaeSystem", "LiaeTensor", "LiaeRuntime", "LiaeFrame"]),
  .target(
    name: "LiaeABI",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeConvert", "LiaeDispatch", "LiaeRuntime", "LiaePack",
      "LiaeOpening", "LiaeFrame", "LiaeSwap",
    ],
    linkerSettings: [
      // SwiftPM's --static-swift-stdlib does nothing for a dynamic product; the linker's own flag does.
      // lld: gold leaves names of types in the dynamic symbol table.
      // nodelete: the Swift runtime keeps pointers into itself, so dlclose must not unmap it.
      .unsafeFlags(
        [
          "-static-stdlib", "-use-ld=lld", "-Xlinker",
          "--version-script=\(Context.packageDirectory)/pkgconfig/liae.map",
          "-Xlinker", "-soname=libliae.so.0", "-Xlinker", "--gc-sections", "-Xlinker", "-z", "-Xlinker", "nodelete",
        ] + staticCXX + memoryReserve + quietRuntime)
    ]),
]

// The library for programs in Swift, which compile it: `import Liae`.
let swiftLibrary = Target.target(
  name: "Liae",
  dependencies: [
    "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeConvert", "LiaeRuntime", "LiaePack", "LiaeOpening", "LiaeFrame",
    "LiaeSwap",
  ])

// Functions in sections of their own, so that the linker drops the generic ones that every use has specialised; and no
// String method that would link the regular expressions. Together they take 2.5 MB off libliae.so.
for target in core + instructionSets where target.name.hasPrefix("Liae") {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .unsafeFlags([
        "-Xfrontend", "-function-sections", "-Xfrontend", "-internalize-at-link",
        "-Xfrontend", "-disable-implicit-string-processing-module-import",
      ])
    ]
}

// An installed program does not need the Swift toolchain.
let programLinkerFlags =
  ["-static-stdlib", "-use-ld=lld", "-l_FoundationCollections", "-l_FoundationCShims"] + staticCXX + memoryReserve

// What only programs use: pictures, training, synthetic faces, the plain-loop reference and the OpenBLAS cross-check.
let tools: [Target] = [
  .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
  .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg62-turbo-dev"])]),
  .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
  .target(name: "CLiaeImage", dependencies: ["CPNG", "CJPEG"], linkerSettings: [.linkedLibrary("z")]),
  .target(name: "LiaeImageIO", dependencies: ["CLiaeImage", "LiaeSystem", "LiaeTensor", "LiaeFormats"]),
  .target(
    name: "LiaeKernelsReference", dependencies: ["COpenBLAS", "LiaeSystem", "LiaeTensor", "LiaeGraph"],
    swiftSettings: [.unsafeFlags(["-Ounchecked"])]),
  .target(
    name: "LiaeSamples",
    dependencies: ["LiaeSystem", "LiaeTensor", "LiaeFormats", "LiaeFrame", "LiaeImageIO"]),
  .target(
    name: "LiaeTrain",
    dependencies: [
      "COpenBLAS", "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeKernels", "LiaeDispatch", "LiaeConvolution",
      "LiaeSamples",
    ]),
  .target(
    name: "LiaeSynth",
    dependencies: ["LiaeSystem", "LiaeTensor", "LiaeFormats", "LiaeFrame", "LiaeImageIO"]),
  .target(name: "LiaeText", dependencies: ["LiaeSystem", "LiaeFormats"]),
  .target(
    name: "LiaeSequence",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeText", "LiaeFormats", "LiaeGraph", "LiaeRuntime", "LiaeFrame", "LiaeSwap",
      "LiaeImageIO",
    ]),
  .target(
    name: "LiaeDiagnostics",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeText", "LiaeGraph", "LiaeConvert", "LiaeDispatch", "LiaeRuntime", "LiaePack",
      "LiaeFrame", "LiaeSwap", "LiaeKernelsReference", "LiaeImageIO", "LiaeSequence", "LiaeSynth",
    ]),
  .target(
    name: "LiaeTrainingSession",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeText", "LiaeFormats", "LiaeGraph", "LiaeConvert", "LiaeRuntime", "LiaeFrame",
      "LiaeImageIO", "LiaeSamples", "LiaeTrain", "LiaeSynth", "LiaeSequence",
    ]),
  .target(
    name: "LiaeCommandLine",
    dependencies: [
      "LiaeSystem", "LiaeText", "LiaeConvert", .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
  .executableTarget(
    name: "liae-train",
    dependencies: [
      "LiaeSystem", "LiaeText", "LiaeConvert", "LiaeOpening", "LiaeFrame", "LiaeImageIO", "LiaeSamples", "LiaeTrain",
      "LiaeSynth", "LiaeSequence", "LiaeTrainingSession", "LiaeCommandLine",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    linkerSettings: [.unsafeFlags(programLinkerFlags)]),
  .executableTarget(
    name: "liae-infer",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeText", "LiaeGraph", "LiaeFormats", "LiaeConvert", "LiaeDispatch", "LiaeRuntime",
      "LiaePack", "LiaeOpening", "LiaeFrame", "LiaeSequence", "LiaeDiagnostics", "LiaeCommandLine",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    linkerSettings: [.unsafeFlags(programLinkerFlags)]),
  .executableTarget(name: "liae-headergen"),
]

// Training over MPI is built on request alone: LIAE_MPI=1.
let usesMPI = Context.environment["LIAE_MPI"] == "1"
let mpi: [Target] =
  usesMPI
  ? [
    .systemLibrary(name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .target(name: "LiaeMPI", dependencies: ["CMPI", "LiaeSystem", "LiaeTrain"]),
  ] : []
for target in tools where usesMPI && target.name == "liae-train" {
  target.dependencies.append("LiaeMPI")
  target.swiftSettings = [.define("LIAE_MPI")]
}

let tests: [Target] = [
  .target(name: "CLiaeAllocationCounter", path: "Tests/CLiaeAllocationCounter"),
  .systemLibrary(name: "CZlib", path: "Tests/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .target(
    name: "LiaeTestSupport",
    dependencies: [
      "CLiaeAllocationCounter", "CZlib", "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeFormats", "LiaeConvert",
    ],
    path: "Tests/LiaeTestSupport"),
  .testTarget(name: "LiaeTestSupportTests", dependencies: ["LiaeTestSupport"]),
  .testTarget(name: "LiaeSystemTests", dependencies: ["LiaeSystem", "LiaeTestSupport"]),
  .testTarget(name: "LiaeTensorTests", dependencies: ["LiaeSystem", "LiaeTensor", "LiaeTestSupport"]),
  .testTarget(
    name: "LiaeGraphTests",
    dependencies: ["LiaeSystem", "LiaeTensor", "LiaeFormats", "LiaeGraph", "LiaeTestSupport"]),
  .testTarget(name: "LiaeConvolutionTests", dependencies: ["LiaeConvolution"]),
  .testTarget(name: "LiaeFormatsTests", dependencies: ["LiaeFormats", "LiaeTestSupport"]),
  .testTarget(
    name: "LiaeConvertTests",
    dependencies: [
      "LiaeConvert", "LiaeFormats", "LiaeGraph", "LiaeKernelsReference", "LiaeTensor", "LiaeSystem", "LiaeTestSupport",
    ],
    exclude: ["Fixtures", "make_onnx_fixtures.py"]),
  .testTarget(
    name: "LiaeKernelsTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeKernels", "LiaeDispatch", "LiaeRuntime", "LiaeKernelsReference",
      "LiaeTestSupport",
    ]),
  .testTarget(
    name: "LiaeRuntimeTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeDispatch", "LiaeRuntime", "LiaeKernelsReference", "LiaeTestSupport",
    ]),
  .testTarget(
    name: "LiaePackTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeFormats", "LiaeConvert", "LiaeDispatch", "LiaeRuntime", "LiaePack",
      "LiaeOpening",
      "LiaeTestSupport",
    ]),
  .testTarget(
    name: "LiaeFrameTests", dependencies: ["LiaeSystem", "LiaeTensor", "LiaeFrame", "LiaeImageIO", "LiaeTestSupport"],
    exclude: ["Fixtures", "make_fixtures.py", "make_colour_fixtures.py"]),
  .testTarget(
    name: "LiaeSwapTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeRuntime", "LiaeFrame", "LiaeSwap", "LiaeImageIO",
      "LiaeTestSupport",
    ]),
  .testTarget(name: "LiaeTests", dependencies: ["Liae", "LiaeFormats", "LiaeSystem", "LiaeTestSupport"]),
  .testTarget(
    name: "LiaeImageIOTests", dependencies: ["LiaeFormats", "LiaeImageIO", "LiaeGraph", "LiaeTestSupport"],
    exclude: ["Fixtures", "make_fixtures.py"]),
  .testTarget(
    name: "LiaeSamplesTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeFormats", "LiaeFrame", "LiaeImageIO", "LiaeSamples", "LiaeTestSupport",
    ]),
  .testTarget(name: "LiaeTextTests", dependencies: ["LiaeSystem", "LiaeText", "LiaeTestSupport"]),
  .testTarget(
    name: "LiaeSequenceTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeText", "LiaeFormats", "LiaeGraph", "LiaeRuntime", "LiaeFrame", "LiaeSwap",
      "LiaeImageIO", "LiaeSequence", "LiaeTestSupport",
    ]),
  .testTarget(
    name: "LiaeDiagnosticsTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeText", "LiaeGraph", "LiaeConvert", "LiaeRuntime", "LiaeImageIO", "LiaeSequence",
      "LiaeDiagnostics", "LiaeTestSupport",
    ]),
  .testTarget(
    name: "LiaeTrainTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeGraph", "LiaeFormats", "LiaeConvert", "LiaeKernels", "LiaeDispatch",
      "LiaeKernelsReference", "LiaeSamples", "LiaeTrain", "LiaeTestSupport",
    ],
    exclude: ["Fixtures", "make_torch_fixtures.py"]),
  .testTarget(
    name: "LiaeTrainingSessionTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeText", "LiaeFormats", "LiaeGraph", "LiaeConvert", "LiaeRuntime", "LiaeFrame",
      "LiaeImageIO", "LiaeSamples", "LiaeTrain", "LiaeSynth", "LiaeSequence", "LiaeTrainingSession", "LiaeTestSupport",
    ]),
  .testTarget(
    name: "LiaeSynthTests",
    dependencies: [
      "LiaeSystem", "LiaeTensor", "LiaeFormats", "LiaeFrame", "LiaeImageIO", "LiaeSynth", "LiaeTestSupport",
    ],
    exclude: ["make_quality_values.py"]),
]

let package = Package(
  name: "liae",
  products: [
    .library(name: "liae", type: .dynamic, targets: ["LiaeABI"]),
    .library(name: "Liae", targets: ["Liae"]),
    .executable(name: "liae-infer", targets: ["liae-infer"]),
    .executable(name: "liae-train", targets: ["liae-train"]),
    .executable(name: "liae-headergen", targets: ["liae-headergen"]),
  ],
  dependencies: [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")],
  targets: core + instructionSets + [swiftLibrary] + tools + mpi + tests
)

// Every folder has a README, which SwiftPM is not to take for a resource.
for target in package.targets where target.type != .system {
  let folder = target.path ?? "Sources/\(target.name)"
  let files = FileManager.default.enumerator(atPath: "\(Context.packageDirectory)/\(folder)")
  for case let file as String in files ?? .init() where file == "README.md" || file.hasSuffix("/README.md") {
    target.exclude.append(file)
  }
}
