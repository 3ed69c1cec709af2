enum Processor { static let isa = "baseline"; static let detected = "baseline" }
