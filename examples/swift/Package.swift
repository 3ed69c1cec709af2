// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// In a program of your own: .package(url: "https://…/liae", from: "0.1.0") in place of the path.
let package = Package(
  name: "swap",
  dependencies: [.package(name: "liae", path: "../..")],
  targets: [
    .executableTarget(
      name: "swap", dependencies: [.product(name: "Liae", package: "liae")], path: ".", exclude: ["README.md"],
      sources: ["main.swift"])
  ]
)
