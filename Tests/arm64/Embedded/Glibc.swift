// SPDX-License-Identifier: Apache-2.0
@_exported import CGlibc

// What Swift's module Glibc adds to the C headers, as far as libliae uses it.

public var errno: Int32 {
  get { __errno_location().pointee }
  set { __errno_location().pointee = newValue }
}

public var MAP_FAILED: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: -1) }
public var SIG_DFL: sighandler_t? { nil }

public var S_IFMT: mode_t { 0o170000 }
public var S_IFREG: mode_t { 0o100000 }
public var S_IFDIR: mode_t { 0o040000 }
public var S_IFCHR: mode_t { 0o020000 }
public var S_IFBLK: mode_t { 0o060000 }
public var S_IFIFO: mode_t { 0o010000 }

public func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
  liae_open(path, flags, mode)
}
public func fcntl(_ file: Int32, _ command: Int32, _ value: Int32 = 0) -> Int32 { liae_fcntl(file, command, value) }
public func ioctl(_ file: Int32, _ request: UInt, _ value: UnsafeMutableRawPointer) -> Int32 {
  liae_ioctl(file, request, value)
}
