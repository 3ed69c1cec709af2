// SPDX-License-Identifier: Apache-2.0

extension Identity {
  /// Lists the persons who can be rendered, by name.
  ///
  /// `a` and `b` have nearly the same skin, and lids, brows and lips of similar size: a face shows a product of skin and
  /// light, and a sum of shape and expression, of which a network that swaps cannot tell the parts.
  package static let cast: [Identity] = [a, b, c]

  package static func named(_ name: String) -> Identity? { cast.first { $0.name == name } }

  /// Broad jaw, strong nose and brows, short dark hair, shaved beard.
  package static let a = {
    var person = Identity(name: "a")
    person.shape.headWidth = 1.03
    person.shape.jawWidth = 1.10
    person.shape.chinTaper = 0.15
    person.shape.chinLength = 2.5
    person.shape.chinForward = 6
    person.shape.cheekbones = 3
    person.shape.cheekHollow = 2.5
    person.shape.browRidge = 4
    person.shape.noseWidth = 1.18
    person.shape.noseHeight = 1.12
    person.shape.noseLength = 2
    person.shape.noseHump = 2.2
    person.shape.eyeWidth = 12.9
    person.shape.upperLid = 5.3
    person.shape.lowerLid = 2.9
    person.shape.eyeTilt = -0.4
    person.shape.mouthWidth = 27.5
    person.shape.upperLip = 5.6
    person.shape.lowerLip = 7.8
    person.shape.lipBulge = 3.5
    person.shape.earSize = 1.1
    person.skin.color = Vector(0.56, 0.335, 0.235)
    person.skin.lips = Vector(0.40, 0.165, 0.135)
    person.skin.blush = 0.4
    person.skin.stubble = 0.75
    person.skin.lines = 0.6
    person.skin.lidShadow = 0.1
    person.brows = BrowLook(color: Vector(0.022, 0.014, 0.010), thickness: 4.2, density: 1, arch: 4.2, height: -0.4)
    person.hair = HairLook(
      style: .short, color: Vector(0.022, 0.015, 0.011), highlight: Vector(0.085, 0.06, 0.045), volume: 13,
      forehead: 9, temples: 10)
    person.iris = (Vector(0.045, 0.022, 0.010), Vector(0.16, 0.075, 0.025))
    person.shirt = Vector(0.05, 0.08, 0.14)
    person.seed = 11
    return person
  }()

  /// Slender, pointed chin, small nose, thin brows, green eyes, freckles and long copper hair.
  package static let b = {
    var person = Identity(name: "b")
    person.shape.headWidth = 0.96
    person.shape.jawWidth = 0.87
    person.shape.chinTaper = 0.75
    person.shape.chinLength = -1
    person.shape.chinForward = 2.5
    person.shape.cheekbones = 5
    person.shape.cheekHollow = 1
    person.shape.browRidge = 1.5
    person.shape.noseWidth = 0.84
    person.shape.noseHeight = 0.86
    person.shape.noseLength = -2.5
    person.shape.noseUp = 2
    person.shape.eyeSpacing = 32.7
    person.shape.eyeWidth = 13.6
    person.shape.upperLid = 5.9
    person.shape.lowerLid = 3.2
    person.shape.eyeTilt = 1.6
    person.shape.mouthWidth = 26.5
    person.shape.upperLip = 6.6
    person.shape.lowerLip = 8.8
    person.shape.lipBulge = 4.4
    person.shape.earSize = 0.9
    person.skin.color = Vector(0.575, 0.345, 0.245)
    person.skin.lips = Vector(0.52, 0.13, 0.13)
    person.skin.blush = 0.5
    person.skin.freckles = 0.8
    person.skin.lidShadow = 0.2
    person.brows = BrowLook(color: Vector(0.19, 0.075, 0.03), thickness: 2.1, density: 0.85, arch: 5.4, height: 0.6)
    person.hair = HairLook(
      style: .long, color: Vector(0.20, 0.062, 0.018), highlight: Vector(0.55, 0.22, 0.075), volume: 15)
    person.iris = (Vector(0.045, 0.12, 0.075), Vector(0.16, 0.27, 0.13))
    person.shirt = Vector(0.30, 0.32, 0.30)
    person.seed = 23
    return person
  }()

  /// Round and dark-skinned, broad nose, full lips, gray curls.
  package static let c = {
    var person = Identity(name: "c")
    person.shape.headWidth = 1.02
    person.shape.jawWidth = 1.0
    person.shape.chinTaper = 0.35
    person.shape.chinLength = -1
    person.shape.cheekbones = 5.5
    person.shape.cheekHollow = -2
    person.shape.noseWidth = 1.4
    person.shape.noseHeight = 0.85
    person.shape.eyeSpacing = 34
    person.shape.upperLid = 5.2
    person.shape.mouthWidth = 28
    person.shape.upperLip = 9
    person.shape.lowerLip = 11
    person.shape.lipBulge = 6
    person.skin.color = Vector(0.155, 0.075, 0.045)
    person.skin.lips = Vector(0.27, 0.085, 0.085)
    person.skin.blush = 0.12
    person.skin.lines = 0.4
    person.skin.gloss = 1.5
    person.brows = BrowLook(color: Vector(0.03, 0.027, 0.026), thickness: 3, density: 0.8, arch: 4.5, height: 0)
    person.hair = HairLook(
      style: .curly, color: Vector(0.12, 0.12, 0.12), highlight: Vector(0.42, 0.42, 0.42), volume: 17, forehead: 4,
      temples: 4)
    person.iris = (Vector(0.02, 0.012, 0.008), Vector(0.06, 0.03, 0.015))
    person.shirt = Vector(0.35, 0.12, 0.05)
    person.seed = 37
    return person
  }()
}
