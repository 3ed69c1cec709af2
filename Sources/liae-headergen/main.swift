print("headergen")
