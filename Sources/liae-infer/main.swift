print("liae-infer")
