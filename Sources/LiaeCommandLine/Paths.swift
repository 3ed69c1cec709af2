// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// - Throws: for an empty path, as a shell makes it of a variable that is not set: it would mean the root folder.
package func requirePath(_ path: String, _ option: String) throws {
  if path.isEmpty { throw ValidationError("\(option) is empty; expected a path") }
}

/// A folder's path without slashes at its end.
package func withoutSlash(_ path: String) -> String {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  return path
}
