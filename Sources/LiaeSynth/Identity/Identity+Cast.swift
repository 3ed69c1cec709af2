// SPDX-License-Identifier: Apache-2.0

extension Identity {
  /// Those who can be rendered, by name.
  package static let cast: [Identity] = [a, b, c]

  package static func named(_ name: String) -> Identity? { cast.first { $0.name == name } }

  /// Broad jaw, strong nose and brows, short dark hair, shaved beard.
  package static let a = {
    var person = Identity(name: "a")
    person.shape.headWidth = 1.03
    person.shape.jawWidth = 1.10
    person.shape.chinTaper = 0.15
    person.shape.chinLength = 4
    person.shape.chinForward = 6
    person.shape.cheekbones = 3
    person.shape.cheekHollow = 2.5
    person.shape.browRidge = 5
    person.shape.noseWidth = 1.22
    person.shape.noseHeight = 1.12
    person.shape.noseLength = 2
    person.shape.noseHump = 2.2
    person.shape.eyeWidth = 12.4
    person.shape.upperLid = 4.7
    person.shape.lowerLid = 2.6
    person.shape.eyeTilt = -0.4
    person.shape.mouthWidth = 28.5
    person.shape.upperLip = 4.8
    person.shape.lowerLip = 7
    person.shape.lipBulge = 3
    person.shape.earSize = 1.1
    person.skin.color = Vector(0.50, 0.275, 0.175)
    person.skin.lips = Vector(0.36, 0.145, 0.115)
    person.skin.blush = 0.35
    person.skin.stubble = 0.75
    person.skin.lines = 0.6
    person.skin.lidShadow = 0.1
    person.brows = BrowLook(color: Vector(0.022, 0.014, 0.010), thickness: 4.2, density: 1, arch: 3.5, height: -1.5)
    person.hair = HairLook(
      style: .short, color: Vector(0.022, 0.015, 0.011), highlight: Vector(0.085, 0.06, 0.045), volume: 13,
      forehead: 2, temples: 8)
    person.iris = (Vector(0.045, 0.022, 0.010), Vector(0.16, 0.075, 0.025))
    person.shirt = Vector(0.05, 0.08, 0.14)
    person.seed = 11
    return person
  }()

  /// Slender, pointed chin, small nose, full lips, wide eyes, freckles and long copper hair.
  package static let b = {
    var person = Identity(name: "b")
    person.shape.headWidth = 0.96
    person.shape.jawWidth = 0.87
    person.shape.chinTaper = 0.75
    person.shape.chinLength = -3
    person.shape.chinForward = 2.5
    person.shape.cheekbones = 5
    person.shape.cheekHollow = 1
    person.shape.browRidge = 0.8
    person.shape.noseWidth = 0.80
    person.shape.noseHeight = 0.86
    person.shape.noseLength = -2.5
    person.shape.noseUp = 2
    person.shape.eyeSpacing = 33
    person.shape.eyeWidth = 14.4
    person.shape.upperLid = 7
    person.shape.lowerLid = 3.8
    person.shape.eyeTilt = 2.6
    person.shape.mouthWidth = 24.5
    person.shape.upperLip = 8
    person.shape.lowerLip = 10.5
    person.shape.lipBulge = 5.2
    person.shape.earSize = 0.9
    person.skin.color = Vector(0.66, 0.43, 0.33)
    person.skin.lips = Vector(0.62, 0.13, 0.14)
    person.skin.blush = 0.55
    person.skin.freckles = 0.8
    person.skin.lidShadow = 0.35
    person.brows = BrowLook(color: Vector(0.19, 0.075, 0.03), thickness: 2.1, density: 0.85, arch: 7, height: 1.5)
    person.hair = HairLook(
      style: .long, color: Vector(0.20, 0.062, 0.018), highlight: Vector(0.55, 0.22, 0.075), volume: 15)
    person.iris = (Vector(0.06, 0.16, 0.10), Vector(0.22, 0.36, 0.18))
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
